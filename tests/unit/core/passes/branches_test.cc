#include <memory>

#include "tests/unit/core/passes/pass_test.h"

namespace oarlock::test {
namespace {

// A body that applies `op` to its last input.
GraphPtr body(std::string_view op, const Shape& shape) {
  auto graph = std::make_shared<Graph>();
  graph->name = concat(op, " body");
  const ValueId x = graph->add_input("captured", TypeInfo::tensor(DType::float32, shape));
  Node node;
  node.name = "inside";
  node.op = op;
  node.inputs = {x};
  EXPECT_TRUE(graph->add_node(std::move(node), {"result"}).ok());
  graph->add_output(*graph->find_value("result"));
  EXPECT_TRUE(resolve(*graph, OpRegistry::core()).ok());
  return graph;
}

ValueId add_if(GraphUnderTest& t, ValueId condition, ValueId captured, const Shape& shape) {
  Node node;
  node.name = "choice";
  node.op = "If";
  node.inputs = {condition, captured};
  node.captures = 1;
  node.attrs = Attrs{{"then_branch", body("Exp", shape)}, {"else_branch", body("Sin", shape)}};
  auto id = t.graph.add_node(std::move(node), {"chosen"});
  EXPECT_TRUE(id.ok());
  EXPECT_TRUE(resolve_node(t.graph, *id, OpRegistry::core()).ok());
  const Status inferred = infer_node(t.graph, *id);
  EXPECT_TRUE(inferred.ok()) << to_string(inferred);
  return *t.graph.find_value("chosen");
}

TEST(Branches, AConstantConditionChooses) {
  for (const bool condition : {true, false}) {
    GraphUnderTest t;
    const ValueId x = t.input({2, 3});
    t.output(add_if(t, t.number(condition, DType::boolean), x, {2, 3}));
    EXPECT_EQ(t.simplified(), condition ? "Exp" : "Sin");
  }
}

TEST(Branches, AnUnknownConditionStays) {
  GraphUnderTest t;
  const ValueId condition = t.input({}, DType::boolean);
  const ValueId x = t.input({2, 3});
  t.output(add_if(t, condition, x, {2, 3}));
  EXPECT_EQ(t.simplified(), "If");
}

TEST(Branches, CapturedConstantsFoldInside) {
  GraphUnderTest t;
  const ValueId condition = t.input({}, DType::boolean);
  t.output(add_if(t, condition, t.random({2, 3}), {2, 3}));
  EXPECT_EQ(t.simplified(), "If");
  const Node& node = t.only("If");
  EXPECT_EQ(node.captures, 0);
  const GraphPtr then_branch = node.attrs.graph("then_branch");
  ASSERT_TRUE(then_branch);
  EXPECT_TRUE(then_branch->inputs().empty());
  EXPECT_TRUE(then_branch->constant(then_branch->outputs()[0]));
}

// Doubles its carried value each time.
GraphPtr doubling() {
  auto graph = std::make_shared<Graph>();
  graph->name = "doubling";
  graph->add_input("iteration", TypeInfo::tensor(DType::int64, {}));
  const ValueId condition = graph->add_input("condition", TypeInfo::tensor(DType::boolean, {}));
  const ValueId x = graph->add_input("carried", TypeInfo::tensor(DType::float32, {2}));
  Node node;
  node.name = "sum";
  node.op = "Add";
  node.inputs = {x, x};
  EXPECT_TRUE(graph->add_node(std::move(node), {"doubled"}).ok());
  graph->add_output(condition);
  graph->add_output(*graph->find_value("doubled"));
  graph->add_output(x, "seen");
  EXPECT_TRUE(resolve(*graph, OpRegistry::core()).ok());
  return graph;
}

TEST(Branches, LoopsOfOneIterationAreTheirBody) {
  for (const int64_t trips : {1, 2}) {
    GraphUnderTest t;
    const ValueId x = t.input({2});
    const std::vector<ValueId> out =
        t.op("Loop", {t.number(static_cast<double>(trips), DType::int64), kNone, x},
             {{"body", doubling()}}, 2);
    t.output(out[0]);
    t.output(out[1]);
    EXPECT_EQ(t.simplified(), trips == 1 ? "Add Reshape" : "Loop");
  }
}

TEST(Branches, LoopsThatNeverRunGiveTheirStart) {
  GraphUnderTest t;
  const ValueId x = t.input({2});
  t.output(t.op("Loop", {t.number(0, DType::int64), kNone, x}, {{"body", doubling()}}, 2)[0]);
  // The unused output of what the loop has seen would be empty, not absent.
  EXPECT_EQ(t.simplified(), "Loop");
}

}  // namespace
}  // namespace oarlock::test
