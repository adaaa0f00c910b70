#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

using List = std::vector<int64_t>;

constexpr float kInputScale = 0.05f, kWeightScale = 0.03f, kOutputScale = 0.2f;
constexpr int kInputZero = 120, kWeightZero = 3, kOutputZero = 100;

ValueId byte(GraphUnderTest& t, int value) {
  return t.constant(Tensor::scalar<uint8_t>(static_cast<uint8_t>(value)));
}

// Quantized 1x1 convolution of [1, 3, 2, 2] bytes to two channels.
struct QuantizedConv {
  Tensor weights = Tensor::of<uint8_t>({2, 3, 1, 1}, {1, 200, 3, 90, 5, 255});
  Tensor bias = Tensor::of<int32_t>({2}, {1000, -2000});

  ValueId build(GraphUnderTest& t, bool relu) const {
    const ValueId x =
        t.op("DequantizeLinear", {t.input({1, 3, 2, 2}, DType::uint8),
                                  t.op("Identity", {t.number(kInputScale)}), byte(t, kInputZero)});
    const ValueId w = t.op("DequantizeLinear",
                           {t.constant(weights), t.number(kWeightScale), byte(t, kWeightZero)});
    const ValueId b =
        t.op("DequantizeLinear", {t.constant(bias), t.number(kInputScale * kWeightScale)});
    ValueId y = t.op("Conv", {x, w, b});
    if (relu) y = t.op("Relu", {y});
    return t.op("QuantizeLinear", {y, t.number(kOutputScale), byte(t, kOutputZero)});
  }

  // In integers, rounded once.
  int expected(const Tensor& x, int64_t filter, int64_t position, bool relu) const {
    int64_t sum = bias.as<int32_t>()[filter];
    for (int64_t c = 0; c < 3; ++c)
      sum += (x.as<uint8_t>()[c * 4 + position] - int64_t{kInputZero}) *
             (weights.as<uint8_t>()[filter * 3 + c] - int64_t{kWeightZero});
    if (relu && sum < 0) sum = 0;
    const double value = static_cast<double>(sum) * kInputScale * kWeightScale / kOutputScale;
    return static_cast<int>(std::min(255.0, std::max(0.0, std::nearbyint(value) + kOutputZero)));
  }
};

TEST(Scales, MoveBehindAConvolution) {
  for (const bool relu : {false, true}) {
    GraphUnderTest t;
    const QuantizedConv conv;
    t.output(conv.build(t, relu));
    EXPECT_EQ(t.simplified(1), "DequantizeLinear oarlock.Conv QuantizeLinear");
    EXPECT_TRUE(t.was_applied("move_scales_behind_product"));
    const Node& product = t.only("oarlock.Conv");
    EXPECT_THAT(numbers_of(*t.result.constant(product.input(1))),
                testing::ElementsAre(-2, 197, 0, 87, 2, 252));
    EXPECT_THAT(numbers_of(*t.result.constant(product.input(2))),
                testing::ElementsAre(1000, -2000));
    const Tensor x =
        Tensor::of<uint8_t>({1, 3, 2, 2}, {0, 255, 120, 7, 30, 99, 201, 128, 64, 11, 250, 3});
    const auto y = evaluate(t.result, std::vector<Value>{x});
    ASSERT_TRUE(y.ok()) << to_string(y.status());
    for (int64_t i = 0; i < 8; ++i)
      EXPECT_EQ((*y)[0].tensor().as<uint8_t>()[i], conv.expected(x, i / 4, i % 4, relu)) << i;
  }
}

TEST(Scales, StayWhenTheResultIsReadUnquantized) {
  GraphUnderTest t;
  const ValueId x =
      t.op("DequantizeLinear", {t.input({2, 3}, DType::uint8), t.number(kInputScale)});
  const ValueId w = t.op("DequantizeLinear", {t.constant(Tensor::of<uint8_t>({3, 1}, {1, 2, 3})),
                                              t.number(kWeightScale)});
  const ValueId y = t.op("MatMul", {x, w});
  t.output(y);
  t.output(t.op("QuantizeLinear", {y, t.number(kOutputScale)}));
  t.simplified();
  EXPECT_FALSE(t.was_applied("move_scales_behind_product"));
}

}  // namespace
}  // namespace oarlock::test
