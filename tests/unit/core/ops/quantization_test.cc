// QuantizeLinear, DequantizeLinear. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(QuantizeLinear, PerTensor) {
  expect_tensor(run("QuantizeLinear", {},
                    {tensor<float>({6}, {-3, 0, 0.5f, 1.5f, 2.5f, 1000}), tensor<float>({}, {1}),
                     tensor<uint8_t>({}, {2})}),
                tensor<uint8_t>({6}, {0, 2, 2, 4, 4, 255}));
}

TEST(QuantizeLinear, PerAxisInt8) {
  expect_tensor(run("QuantizeLinear", {{"axis", int64_t{0}}},
                    {ramp({2, 3}), tensor<float>({2}, {0.1f, 0.5f}), tensor<int8_t>({2}, {1, -2})}),
                tensor<int8_t>({2, 3}, {-11, 6, -4, 0, -2, -4}));
}

TEST(QuantizeLinear, BlockedInt16) {
  expect_tensor(run("QuantizeLinear", {{"axis", int64_t{1}}, {"block_size", int64_t{2}}},
                    {ramp({2, 4}), tensor<float>({2, 2}, {0.1f, 0.2f, 0.3f, 0.4f}),
                     tensor<int16_t>({2, 2}, {1, 2, 3, 4})}),
                tensor<int16_t>({2, 4}, {-11, 6, 0, 8, 4, 1, 6, 4}));
}

TEST(DequantizeLinear, PerTensor) {
  expect_tensor(run("DequantizeLinear", {},
                    {tensor<uint8_t>({4}, {0, 3, 128, 255}), tensor<float>({}, {2}),
                     tensor<uint8_t>({}, {128})}),
                tensor<float>({4}, {-256, -250, 0, 254}), 1e-05);
}

TEST(DequantizeLinear, PerAxis) {
  expect_tensor(run("DequantizeLinear", {{"axis", int64_t{1}}},
                    {tensor<int8_t>({2, 2}, {1, 2, 3, -4}), tensor<float>({2}, {2, 0.5f}),
                     tensor<int8_t>({2}, {1, -1})}),
                tensor<float>({2, 2}, {0, 1.5f, 4, -1.5f}), 1e-05);
}

TEST(DequantizeLinear, Int32) {
  expect_tensor(run("DequantizeLinear", {},
                    {tensor<int32_t>({2}, {1, -1073741824}), tensor<float>({}, {0.5f})}),
                tensor<float>({2}, {0.5f, -536870912.0f}), 1e-05);
}

TEST(DequantizeLinear, Blocked) {
  expect_tensor(
      run("DequantizeLinear", {{"axis", int64_t{0}}, {"block_size", int64_t{2}}},
          {tensor<uint8_t>({3, 2}, {0, 1, 2, 3, 4, 5}), tensor<float>({2, 2}, {0.5f, 1, 2, 4})}),
      tensor<float>({3, 2}, {0, 1, 1, 3, 8, 20}), 1e-05);
}

TEST(QuantizeLinear, FourBits) {
  const Tensor y = run("QuantizeLinear", {{"output_dtype", int64_t{22}}},
                       {list<float>({-9, -8, 0.5f, 1.5f, 7, 8, -1}), Tensor::scalar<float>(1)});
  ASSERT_EQ(to_string(y), "int4[7]");
  const int expected[] = {-8, -8, 0, 2, 7, 7, -1};
  for (int64_t i = 0; i < 7; ++i) EXPECT_EQ(load_packed(DType::int4, y.data(), i), expected[i]);
}

// 448 is the largest float8e4m3fn; its NaN has code 0x7f.
TEST(QuantizeLinear, Float8Saturates) {
  const Tensor zero = Tensor::of<SmallFloat<DType::float8e4m3fn>>({}, {0.0f});
  const Tensor x = list<float>({0, 1000, -1.5f});
  const Tensor y = run("QuantizeLinear", {}, {x, Tensor::scalar<float>(2), zero});
  EXPECT_EQ(to_string(y), "float8e4m3fn[3]");
  EXPECT_EQ(static_cast<float>(y.as<SmallFloat<DType::float8e4m3fn>>()[1]), 448.0f);
  EXPECT_EQ(static_cast<float>(y.as<SmallFloat<DType::float8e4m3fn>>()[2]), -0.75f);
  const Tensor open =
      run("QuantizeLinear", {{"saturate", int64_t{0}}}, {x, Tensor::scalar<float>(2), zero});
  EXPECT_EQ(static_cast<uint8_t>(open.data()[1]), 0x7f);
}

TEST(Quantization, RoundTripOfHalf) {
  const Tensor x = ramp<Float16>({3, 5});
  const Tensor scale = Tensor::scalar<Float16>(0.25f);
  const Tensor q = run("QuantizeLinear", {}, {x, scale, Tensor::scalar<int8_t>(3)});
  expect_tensor(run("DequantizeLinear", {}, {q, scale, Tensor::scalar<int8_t>(3)}), x);
}

TEST(Quantization, Errors) {
  EXPECT_THAT(error_of("QuantizeLinear", {}, {ramp({2, 3}), ramp({2})}),
              testing::HasSubstr("axis 1 of x has 3 elements"));
  EXPECT_THAT(error_of("QuantizeLinear", {{"output_dtype", int64_t{1}}},
                       {ramp({2}), Tensor::scalar<float>(1)}),
              testing::HasSubstr("float32 is not one to quantize to"));
  EXPECT_THAT(error_of("DequantizeLinear", {},
                       {list<uint8_t>({1}), Tensor::scalar<float>(1), Tensor::scalar<int8_t>(0)}),
              testing::HasSubstr("input x_zero_point must be uint8, but is int8"));
  EXPECT_THAT(
      error_of("QuantizeLinear", {{"block_size", int64_t{2}}}, {ramp({2, 4}), ramp({2, 3})}),
      testing::HasSubstr("in blocks of 2"));
}

}  // namespace
}  // namespace oarlock::test
