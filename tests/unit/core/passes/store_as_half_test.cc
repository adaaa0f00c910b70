// Storing values as float16: which nodes change, what stays, and how far results move.
#include "core/passes/store_as_half.h"

#include <cmath>
#include <limits>

#include "oarlock/plugin/numeric.h"
#include "tests/unit/core/passes/pass_test.h"

namespace oarlock {
namespace {

using test::GraphUnderTest;

int narrow(Graph& graph) {
  EXPECT_TRUE(resolve(graph, OpRegistry::core()).ok());
  EXPECT_TRUE(infer_types(graph).ok());
  const Result<int> changed = store_as_half(graph, OpRegistry::core());
  EXPECT_TRUE(changed.ok()) << to_string(changed.status());
  EXPECT_TRUE(verify(graph).ok());
  return changed.ok() ? *changed : -1;
}

// The operators with the type of their first output: "Cast:float16 Relu:float16".
std::string operators(const Graph& graph) {
  std::string text;
  const Result<std::vector<NodeId>> order = graph.order();
  for (const NodeId id : *order) {
    const Node& node = graph.node(id);
    text += concat(text.empty() ? "" : " ", node.op, ":", graph.value(node.output(0)).type.dtype);
  }
  return text;
}

TEST(StoreAsHalf, OneCastInAndOneOut) {
  GraphUnderTest g;
  const ValueId x = g.input({2, 3, 5, 5});
  const ValueId y = g.op("Conv", {x, g.random({4, 3, 3, 3})});
  g.output(g.op("Add", {g.op("Relu", {y}), g.op("Sigmoid", {y})}));
  EXPECT_EQ(narrow(g.graph), 4);
  EXPECT_EQ(operators(g.graph),
            "Cast:float16 Conv:float16 Relu:float16 Sigmoid:float16 Add:float16 Cast:float32");
  EXPECT_EQ(g.graph.value(g.graph.inputs()[0]).type.dtype, DType::float32);
  EXPECT_EQ(g.graph.value(g.graph.outputs()[0]).type.dtype, DType::float32);
}

TEST(StoreAsHalf, NamedNodesStay) {
  GraphUnderTest g;
  const ValueId y = g.op("Relu", {g.op("Sigmoid", {g.input({2, 3})})});
  g.output(g.op("Tanh", {y}));
  const std::string name = g.graph.producer(y)->name;
  ASSERT_TRUE(resolve(g.graph, OpRegistry::core()).ok());
  ASSERT_TRUE(infer_types(g.graph).ok());
  const Result<int> changed = store_as_half(g.graph, OpRegistry::core(), {name});
  ASSERT_TRUE(changed.ok()) << to_string(changed.status());
  EXPECT_EQ(*changed, 2);
  EXPECT_EQ(operators(g.graph),
            "Cast:float16 Sigmoid:float16 Cast:float32 Relu:float32 Cast:float16 Tanh:float16 "
            "Cast:float32");
}

TEST(StoreAsHalf, OtherOperatorsAndVectorsStay) {
  GraphUnderTest g;
  const ValueId x = g.input({2, 3});
  g.output(g.op("CumSum", {g.op("Relu", {x}), g.number(1, DType::int64)}));
  g.output(g.op("Relu", {g.input({3})}));
  EXPECT_EQ(narrow(g.graph), 1);
  EXPECT_EQ(operators(g.graph),
            "Cast:float16 Relu:float16 Cast:float32 CumSum:float32 Relu:float32");
}

TEST(StoreAsHalf, ConstantsAreRoundedOnceAndStayFinite) {
  GraphUnderTest g;
  const float inf = std::numeric_limits<float>::infinity();
  const ValueId x = g.input({1, 4});
  const ValueId c = g.constant(Tensor::of<float>(Shape{1, 4}, {0.1f, -1e9f, inf, 1e-9f}));
  g.output(g.op("Mul", {g.op("Add", {x, c}), c}));
  EXPECT_EQ(narrow(g.graph), 2);
  std::vector<const Tensor*> constants;
  for (NodeId id = 0; id < static_cast<NodeId>(g.graph.node_count()); ++id)
    for (const ValueId v : g.graph.node(id).inputs)
      if (g.graph.node(id).alive && g.graph.constant(v)) constants.push_back(g.graph.constant(v));
  ASSERT_EQ(constants.size(), 2u);
  EXPECT_EQ(constants[0], constants[1]);
  const auto half = constants[0]->as<Float16>();
  EXPECT_NEAR(half[0], 0.1f, 1e-4f);
  EXPECT_EQ(static_cast<float>(half[1]), -65504.0f);
  EXPECT_TRUE(std::isinf(static_cast<float>(half[2])));
  EXPECT_EQ(static_cast<float>(half[3]), 0.0f);
}

TEST(StoreAsHalf, ScalesOfResizeStayFloat) {
  GraphUnderTest g;
  const ValueId scales = g.constant(Tensor::of<float>(Shape{4}, {1, 1, 2, 2}));
  g.output(
      g.op("Resize", {g.input({1, 2, 3, 3}), kNone, scales}, {{"mode", std::string("nearest")}}));
  EXPECT_EQ(narrow(g.graph), 1);
  EXPECT_EQ(operators(g.graph), "Cast:float16 Resize:float16 Cast:float32");
}

}  // namespace
}  // namespace oarlock
