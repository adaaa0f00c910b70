// Weights stored in fewer bits: which change, how far they move, and that rewrites leave them so.
#include <algorithm>
#include <cmath>
#include <limits>

#include "core/passes/stored_weights.h"
#include "oarlock/plugin/numeric.h"
#include "tests/unit/core/passes/pass_test.h"

namespace oarlock {
namespace {

using test::GraphUnderTest;

int narrow(Graph& graph, DType to) {
  EXPECT_TRUE(resolve(graph, OpRegistry::core()).ok());
  EXPECT_TRUE(infer_types(graph).ok());
  const Result<int> changed = narrow_weights(graph, to, OpRegistry::core());
  EXPECT_TRUE(changed.ok()) << to_string(changed.status());
  EXPECT_TRUE(verify(graph).ok());
  return changed.ok() ? *changed : -1;
}

// The weights that a node's input 1 has.
Tensor weights_of(const Graph& graph, ValueId result) {
  const Node* node = graph.producer(result);
  const Result<Tensor> wide = widened(graph, *graph.producer(node->input(1)));
  EXPECT_TRUE(wide.ok()) << to_string(wide.status());
  return *wide;
}

TEST(NarrowWeights, RoundsByAtMostHalfAStep) {
  struct Case {
    DType to;
    double relative;    // of the number
    double of_channel;  // of the largest number of its output channel
  };
  for (const Case& test :
       {Case{DType::float16, 1.0 / 2048, 1e-7}, Case{DType::bfloat16, 1.0 / 256, 0},
        Case{DType::int8, 0, 1.0 / 254 + 1e-7}}) {
    GraphUnderTest g;
    const ValueId w = g.random({20, 5, 4, 4});
    const Tensor exact = *g.graph.constant(w);
    const ValueId y = g.op("Conv", {g.input({1, 5, 9, 9}), w});
    g.output(y);
    EXPECT_EQ(narrow(g.graph, test.to), 1);
    EXPECT_EQ(g.graph.constant(w), nullptr);
    const Tensor given = weights_of(g.graph, y);
    for (size_t channel = 0; channel < 20; ++channel) {
      const auto from = exact.as<float>().subspan(channel * 80, 80);
      double largest = 0;
      for (const float v : from) largest = std::max(largest, std::abs(double{v}));
      for (size_t i = 0; i < 80; ++i)
        EXPECT_NEAR(given.as<float>()[channel * 80 + i], from[i],
                    test.relative * std::abs(from[i]) + test.of_channel * largest);
    }
  }
}

TEST(NarrowWeights, ScalesFollowTheOutputChannels) {
  const auto axis_of = [](std::string_view op, const Shape& x, const Shape& w, Attrs attrs = {}) {
    GraphUnderTest g;
    const ValueId y = g.op(op, {g.input(x), g.random(w)}, std::move(attrs));
    g.output(y);
    EXPECT_EQ(narrow(g.graph, DType::int8), 1) << op;
    const Node* dequantize = g.graph.producer(g.graph.producer(y)->input(1));
    const int64_t axis = dequantize->attrs.integer("axis", -1);
    EXPECT_EQ(*g.graph.value(dequantize->input(1)).type.shape.elements(),
              w[static_cast<size_t>(axis)]);
    return axis;
  };
  EXPECT_EQ(axis_of("MatMul", {2, 32}, {32, 40}), 1);
  EXPECT_EQ(axis_of("MatMul", {2, 2, 32}, {2, 32, 40}), 2);
  EXPECT_EQ(axis_of("Gemm", {2, 32}, {32, 40}), 1);
  EXPECT_EQ(axis_of("Gemm", {2, 32}, {40, 32}, {{"transB", int64_t{1}}}), 0);
  EXPECT_EQ(axis_of("oarlock.MatMul", {2, 32}, {40, 32}, {{"trans_b", int64_t{1}}}), 0);
  EXPECT_EQ(axis_of("ConvTranspose", {1, 20, 5, 5}, {20, 12, 3, 3}), 1);
}

TEST(NarrowWeights, OtherConstantsStay) {
  GraphUnderTest g;
  const ValueId shared = g.random({40, 40});
  g.output(g.op("MatMul", {g.input({2, 40}), shared}));
  g.output(g.op("Gather", {shared, g.integers({1, 2})}));
  const ValueId x = g.input({40, 40});
  g.output(g.op("Add", {g.op("MatMul", {x, x}), g.random({40, 40})}));
  g.output(g.op("MatMul", {g.random({40, 40}), x}));
  g.output(g.op("MatMul", {x, g.random({40, 20})}));  // 800 elements
  EXPECT_EQ(narrow(g.graph, DType::float16), 0);
}

TEST(NarrowWeights, FiniteNumbersStayFinite) {
  GraphUnderTest g;
  std::vector<float> values(2048, 0.0f);
  values[0] = 1e9f;
  values[1] = -std::numeric_limits<float>::max();
  values[2] = 1e-42f;
  const ValueId w = g.constant(Tensor::of<float>(Shape{64, 32}, values));
  const ValueId y = g.op("MatMul", {g.input({1, 64}), w});
  g.output(y);
  Graph half = g.graph, brain = g.graph, bytes = g.graph;
  EXPECT_EQ(narrow(half, DType::float16), 1);
  EXPECT_EQ(weights_of(half, y).as<float>()[0], 65504.0f);
  EXPECT_EQ(narrow(brain, DType::bfloat16), 1);
  EXPECT_TRUE(std::isfinite(weights_of(brain, y).as<float>()[1]));
  EXPECT_EQ(narrow(bytes, DType::int8), 1);
  const Tensor given = weights_of(bytes, y);
  for (const float v : given.as<float>()) EXPECT_TRUE(std::isfinite(v));

  values[5] = std::numeric_limits<float>::infinity();
  GraphUnderTest infinite;
  const ValueId v = infinite.constant(Tensor::of<float>(Shape{64, 32}, values));
  infinite.output(infinite.op("MatMul", {infinite.input({1, 64}), v}));
  EXPECT_EQ(narrow(infinite.graph, DType::int8), 0);
}

TEST(NarrowWeights, WidenedAsTheReferenceDoes) {
  std::vector<Float16> halves(65536);
  std::vector<BFloat16> brains(65536);
  std::vector<int8_t> bytes(1200);
  for (size_t i = 0; i < halves.size(); ++i)
    halves[i].bits = brains[i].bits = static_cast<uint16_t>(i);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<int8_t>(i % 256);
  const auto check = [](std::string_view op, const Tensor& values, const Tensor& scale,
                        Attrs attrs) {
    GraphUnderTest g;
    std::vector<ValueId> inputs = {g.constant(values)};
    if (scale.defined()) inputs.push_back(g.constant(scale));
    const ValueId y = g.op(op, inputs, attrs);
    g.output(y);
    ASSERT_TRUE(resolve(g.graph, OpRegistry::core()).ok());
    ASSERT_TRUE(infer_types(g.graph).ok());
    const Result<Tensor> given = widened(g.graph, *g.graph.producer(y));
    ASSERT_TRUE(given.ok()) << to_string(given.status());
    std::vector<Value> arguments = {values};
    if (scale.defined()) arguments.emplace_back(scale);
    const Result<std::vector<Value>> expected = evaluate_op("", op, attrs, arguments);
    ASSERT_TRUE(expected.ok());
    const auto e = (*expected)[0].tensor().as<float>();
    ASSERT_EQ(given->as<float>().size(), e.size());
    for (size_t i = 0; i < e.size(); ++i) {
      const float y_i = given->as<float>()[i];
      EXPECT_TRUE(y_i == e[i] || (std::isnan(y_i) && std::isnan(e[i]))) << op << " " << i;
      EXPECT_EQ(std::signbit(y_i), std::signbit(e[i])) << op << " " << i;
    }
  };
  const Attrs to{{"to", static_cast<int64_t>(DType::float32)}};
  check("Cast", Tensor::of<Float16>(Shape{65536}, halves), {}, to);
  check("Cast", Tensor::of<BFloat16>(Shape{65536}, brains), {}, to);
  const Tensor values = Tensor::of<int8_t>(Shape{20, 3, 20}, bytes);
  std::vector<float> scale(20);
  for (size_t i = 0; i < scale.size(); ++i) scale[i] = 0.013f * static_cast<float>(i + 1);
  for (const int64_t axis : {0, 2, -1})
    check("DequantizeLinear", values, Tensor::of<float>(Shape{20}, scale), {{"axis", axis}});
  check("DequantizeLinear", values, Tensor::of<float>(Shape{3}, {0.1f, -0.2f, 0.3f}),
        {{"axis", int64_t{1}}});
  check("DequantizeLinear", values, Tensor::scalar(0.7f), {});
}

TEST(NarrowWeights, RefusesOtherTypes) {
  GraphUnderTest g;
  EXPECT_EQ(narrow_weights(g.graph, DType::float64, OpRegistry::core()).status().code(),
            Code::invalid);
}

TEST(NarrowWeights, RewritesLeaveLargeOnesOfProducts) {
  for (const DType to : {DType::float16, DType::bfloat16, DType::int8}) {
    const std::string widen = to == DType::int8 ? "DequantizeLinear" : "Cast";
    for (const int64_t rows : {1, 50}) {
      GraphUnderTest g;
      g.output(
          g.op("Gemm", {g.input({rows, 600}), g.random({500, 600})}, {{"transB", int64_t{1}}}));
      EXPECT_EQ(narrow(g.graph, to), 1);
      EXPECT_EQ(g.simplified(), widen + " oarlock.MatMul");
    }
    GraphUnderTest small;
    small.output(small.op("MatMul", {small.input({1, 60}), small.random({60, 60})}));
    EXPECT_EQ(narrow(small.graph, to), 1);
    EXPECT_EQ(small.simplified(), "oarlock.MatMul");
    GraphUnderTest conv;
    conv.output(conv.op("Conv", {conv.input({1, 600, 1, 1}), conv.random({500, 600, 1, 1})}));
    EXPECT_EQ(narrow(conv.graph, to), 1);
    EXPECT_EQ(conv.simplified(), "oarlock.Conv");
  }
}

}  // namespace
}  // namespace oarlock
