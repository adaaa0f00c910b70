// Quantized convolutions and products against integer arithmetic, bit for bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/ops/evaluate.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"

namespace oarlock {
namespace {

template <class T>
std::vector<T> random_integers(size_t n, int low, int high, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> distribution(low, high);
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(distribution(generator));
  return values;
}

struct QuantizedProduct : testing::Test {
  // x[rows, k] (uint8) times w[k, n] (int8), relu, requantized.
  static constexpr int64_t kRows = 9, kDepth = 40, kColumns = 12;
  const float x_scale = 0.0173f, y_scale = 0.41f;
  const int x_zero = 117, y_zero = 30;
  std::vector<uint8_t> x = random_integers<uint8_t>(kRows * kDepth, 0, 255, 1);
  std::vector<int8_t> w = random_integers<int8_t>(kDepth * kColumns, -127, 127, 2);
  std::vector<int32_t> bias = random_integers<int32_t>(kColumns, -3000, 3000, 3);
  std::vector<float> w_scale = std::vector<float>(kColumns, 0.0031f);
  Graph graph;

  ValueId add(const char* op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node node;
    node.op = op;
    node.name = std::string(op) + std::to_string(graph.node_count());
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    const std::string output = node.name + "_y";
    const Result<NodeId> id = graph.add_node(std::move(node), {output});
    return graph.node(*id).outputs[0];
  }
  ValueId constant(const char* name, Tensor tensor) {
    return graph.add_constant(name, std::move(tensor));
  }

  std::vector<uint8_t> by_integers() const {
    std::vector<uint8_t> y;
    for (int64_t i = 0; i < kRows; ++i)
      for (int64_t j = 0; j < kColumns; ++j) {
        int64_t sum = bias[static_cast<size_t>(j)];
        for (int64_t k = 0; k < kDepth; ++k)
          sum += (x[static_cast<size_t>(i * kDepth + k)] - x_zero) *
                 w[static_cast<size_t>(k * kColumns + j)];
        const double real = static_cast<double>(std::max<int64_t>(sum, 0)) * double{x_scale} *
                            double{w_scale[static_cast<size_t>(j)]} / double{y_scale};
        y.push_back(static_cast<uint8_t>(std::clamp(std::nearbyint(real) + y_zero, 0.0, 255.0)));
      }
    return y;
  }

  void build(bool by_channel) {
    if (by_channel)
      for (size_t j = 0; j < w_scale.size(); ++j) w_scale[j] *= 1.0f + 0.1f * static_cast<float>(j);
    const Shape channels = by_channel ? Shape{kColumns} : Shape{};
    const auto scales = [&](double factor) {
      std::vector<float> values(by_channel ? w_scale.size() : 1);
      for (size_t j = 0; j < values.size(); ++j)
        values[j] = static_cast<float>(factor * double{w_scale[j]});
      return Tensor::of<float>(channels, std::span<const float>(values));
    };
    const ValueId input =
        graph.add_input("x", TypeInfo::tensor(DType::uint8, Shape{kRows, kDepth}));
    const ValueId real = add("DequantizeLinear", {input, constant("xs", Tensor::scalar(x_scale)),
                                                  constant("xz", Tensor::scalar<uint8_t>(x_zero))});
    const ValueId weights =
        constant("w", Tensor::of<int8_t>(Shape{kDepth, kColumns}, std::span<const int8_t>(w)));
    const ValueId added =
        constant("b", Tensor::of<int32_t>(Shape{kColumns}, std::span<const int32_t>(bias)));
    const ValueId product =
        add("Gemm", {real, add("DequantizeLinear", {weights, constant("ws", scales(1))}),
                     add("DequantizeLinear", {added, constant("bs", scales(double{x_scale}))},
                         {{"axis", int64_t{0}}})});
    const ValueId y =
        add("QuantizeLinear", {add("Relu", {product}), constant("ys", Tensor::scalar(y_scale)),
                               constant("yz", Tensor::scalar<uint8_t>(y_zero))});
    graph.add_output(y);
    const Status status = resolve(graph, OpRegistry::core());
    ASSERT_TRUE(status.ok()) << to_string(status);
  }

  void check() {
    SimplifyReport report;
    const Status status = simplify(graph, OpRegistry::core(), &report);
    ASSERT_TRUE(status.ok()) << to_string(status);
    EXPECT_TRUE(std::any_of(report.applied.begin(), report.applied.end(),
                            [](const auto& e) { return e.first == "exact_quantization"; }));
    const Value input = Tensor::of<uint8_t>(Shape{kRows, kDepth}, std::span<const uint8_t>(x));
    const auto outputs = evaluate(graph, {&input, 1});
    ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
    const auto y = (*outputs)[0].tensor().as<uint8_t>();
    EXPECT_EQ(std::vector<uint8_t>(y.begin(), y.end()), by_integers());
  }
};

TEST_F(QuantizedProduct, OneScale) {
  build(false);
  check();
}

TEST_F(QuantizedProduct, OneScaleForEveryChannel) {
  build(true);
  check();
}

}  // namespace
}  // namespace oarlock
