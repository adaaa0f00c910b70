// Operators that are decompositions: their results, inferred types and refusals. More of
// com.microsoft is compared with ONNX Runtime in tests/conformance.
#include <gmock/gmock.h>

#include <cmath>

#include "oarlock/plugin/passes.h"
#include "op_test.h"

namespace oarlock::test {
namespace {

using testing::HasSubstr;

constexpr std::string_view kDomain = "com.microsoft";

// A graph of one node with inputs of these types.
Graph graph_of(std::string_view op, Attrs attrs, const std::vector<TypeInfo>& types) {
  Graph graph;
  Node node;
  node.name = "node";
  node.domain = kDomain;
  node.op = op;
  node.attrs = std::move(attrs);
  for (size_t i = 0; i < types.size(); ++i)
    node.inputs.push_back(graph.add_input(concat("x", i), types[i]));
  graph.add_output(graph.node(*graph.add_node(std::move(node), {"y"})).output(0));
  EXPECT_TRUE(resolve(graph, OpRegistry::core()).ok());
  return graph;
}

std::string inferred_output(std::string_view op, Attrs attrs, const std::vector<TypeInfo>& types) {
  Graph graph = graph_of(op, std::move(attrs), types);
  const Status status = infer_types(graph);
  return status.ok() ? to_string(graph.value(graph.outputs()[0]).type) : status.message();
}

TypeInfo floats(Shape shape) { return TypeInfo::tensor(DType::float32, std::move(shape)); }

TEST(Microsoft, BiasGelu) {
  const std::vector<float> x = {-2, -0.5f, 0, 1, 3, 0.25f}, bias = {0.5f, -1, 2};
  std::vector<float> expected;
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = x[i] + bias[i % 3];
    expected.push_back(static_cast<float>(v / 2 * (1 + std::erf(v / std::sqrt(2.0)))));
  }
  const Values inputs = {Tensor::of(Shape{2, 3}, std::span<const float>(x)),
                         Tensor::of(Shape{3}, std::span<const float>(bias))};
  const auto outputs = evaluate_op(kDomain, "BiasGelu", {}, inputs);
  ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
  expect_tensor((*outputs)[0], Tensor::of(Shape{2, 3}, std::span<const float>(expected)), 1e-6);
}

TEST(Microsoft, SimplifiedLayerNormalizationStandsInTheStandardDomain) {
  const Values outputs = run_all("SimplifiedLayerNormalization", {{"epsilon", 0.0f}},
                                 {tensor<float>({1, 2}, {3, 4}), list<float>({2, 1})}, 2);
  const float scale = 1 / std::sqrt(12.5f);
  expect_tensor(outputs[0], tensor<float>({1, 2}, {6 * scale, 4 * scale}), 1e-6);
  expect_tensor(outputs[1], tensor<float>({1, 1}, {scale}), 1e-6);
}

TEST(Microsoft, TypesComeFromTheDecomposition) {
  constexpr int64_t kOpen = Shape::kUnknown;
  EXPECT_EQ(inferred_output("FusedMatMul", {{"transA", int64_t{1}}},
                            {floats({kOpen, 5, 3}), floats({kOpen, 5, 7})}),
            "float32[?, 3, 7]");
  EXPECT_EQ(inferred_output("FusedConv", {{"activation", std::string("Relu")}},
                            {floats({kOpen, 3, 9, 9}), floats({4, 3, 3, 3})}),
            "float32[?, 4, 7, 7]");
  EXPECT_EQ(inferred_output(
                "MultiHeadAttention", {{"num_heads", int64_t{2}}},
                {floats({kOpen, 5, 8}), floats({kOpen, kOpen, 8}), floats({kOpen, kOpen, 6})}),
            "float32[?, 5, 6]");
  EXPECT_THAT(inferred_output("FusedMatMul", {}, {floats({2, 3}), floats({4, 5})}),
              HasSubstr("node 'node' (com.microsoft.FusedMatMul)"));
}

TEST(Microsoft, SimplifyPutsOthersInTheirPlace) {
  Graph graph = graph_of("FastGelu", {}, {floats({2, Shape::kUnknown})});
  SimplifyReport report;
  ASSERT_TRUE(simplify(graph, OpRegistry::core(), &report).ok());
  const Node* producer = graph.producer(graph.outputs()[0]);
  ASSERT_NE(producer, nullptr);
  EXPECT_EQ(producer->op, "Gelu");
  EXPECT_EQ(producer->domain, "");
  EXPECT_EQ(graph.output_name(0), "y");
  ASSERT_FALSE(report.applied.empty());
  EXPECT_EQ(report.applied[0].first, "expand_functions");
}

TEST(Microsoft, WeightsThatAreNotConstantAreLeft) {
  const Attrs attrs{{"K", int64_t{16}}, {"N", int64_t{2}}, {"block_size", int64_t{16}}};
  Graph graph =
      graph_of("MatMulNBits", attrs,
               {floats({3, 16}), TypeInfo::tensor(DType::uint8, {2, 1, 8}), floats({2, 1})});
  ASSERT_TRUE(simplify(graph, OpRegistry::core()).ok());
  EXPECT_EQ(graph.producer(graph.outputs()[0])->op, "MatMulNBits");
  EXPECT_EQ(to_string(graph.value(graph.outputs()[0]).type), "float32[3, 2]");
}

}  // namespace
}  // namespace oarlock::test
