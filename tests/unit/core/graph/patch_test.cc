// Patches that are taken back.
#include <gtest/gtest.h>

#include "oarlock/plugin/op.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {
namespace {

const OpRegistry& ops() { return OpRegistry::core(); }

class PatchTest : public testing::Test {
 protected:
  PatchTest() {
    x_ = graph_.add_input("x", TypeInfo::tensor(DType::float32, {2, 3}));
    w_ = graph_.add_constant("w", Tensor::scalar(2.0f));
    sum_ = add("Add", {x_, w_});
    relu_ = add("Relu", {sum_});
    other_ = add("Neg", {sum_});
    graph_.add_output(relu_);
    graph_.add_output(other_, "negative");
    EXPECT_TRUE(resolve(graph_, ops()).ok());
    EXPECT_TRUE(infer_types(graph_).ok());
  }

  ValueId add(const char* op, std::vector<ValueId> inputs) {
    Node node;
    node.name = concat("my_", op);
    node.op = op;
    node.inputs = std::move(inputs);
    const Result<NodeId> id = graph_.add_node(std::move(node), {concat(op, "_y")});
    return graph_.node(*id).output(0);
  }

  // In place of the sum and both its users; everything but x goes.
  Patch big_patch() const {
    Patch patch(graph_);
    const ValueId two = patch.add_constant("two", Tensor::scalar(2.0f));
    const ValueId product = patch.add_node("my_Add", "", "Mul", {x_, two})[0];
    patch.replace(relu_, patch.add_node("my_Relu", "", "Tanh", {product})[0]);
    patch.replace(other_, product);
    return patch;
  }

  // Everything of the graph that can be seen.
  std::string all() const {
    std::string text = to_string(graph_);
    for (ValueId v = 0; v < static_cast<ValueId>(graph_.value_count()); ++v) {
      const ValueInfo& value = graph_.value(v);
      text += concat("\n", value.name, " ", value.type, " from ", value.producer, " to");
      for (const NodeId user : value.users) text += concat(" ", user);
      text += concat(value.constant ? " constant" : "", " found at ",
                     graph_.find_value(value.name).value_or(kNone));
    }
    for (NodeId n = 0; n < static_cast<NodeId>(graph_.node_count()); ++n)
      text += concat("\n", graph_.node(n).name, " ", int{graph_.node(n).alive});
    return text;
  }

  Graph graph_;
  ValueId x_, w_, sum_, relu_, other_;
};

TEST_F(PatchTest, UndoBringsEverythingBack) {
  const std::string before = all();
  for (int round = 0; round < 2; ++round) {
    GraphChange change;
    const auto added = graph_.apply(big_patch(), ops(), change);
    ASSERT_TRUE(added.ok()) << to_string(added.status());
    EXPECT_EQ(added->size(), 2U);
    EXPECT_TRUE(verify(graph_).ok());
    EXPECT_NE(all(), before);
    EXPECT_EQ(graph_.find_value("w").has_value() && graph_.constant(w_) != nullptr, false);
    graph_.undo(std::move(change));
    EXPECT_EQ(all(), before);
    EXPECT_TRUE(verify(graph_).ok());
  }
}

TEST_F(PatchTest, UndoneNamesAreFree) {
  GraphChange change;
  ASSERT_TRUE(graph_.apply(big_patch(), ops(), change).ok());
  graph_.undo(std::move(change));
  ASSERT_TRUE(graph_.apply(big_patch(), ops()).ok());
  EXPECT_TRUE(verify(graph_).ok());
  EXPECT_EQ(graph_.producer(graph_.outputs()[0])->name, "my_Relu");
  EXPECT_EQ(graph_.value(graph_.outputs()[0]).name, "Relu_y");
}

TEST_F(PatchTest, AFailureNeedsNoUndo) {
  const std::string before = all();
  Patch patch(graph_);
  patch.replace(relu_, patch.add_node("bad", "", "Shape", {x_})[0]);  // of another type
  GraphChange change;
  EXPECT_FALSE(graph_.apply(std::move(patch), ops(), change).ok());
  EXPECT_EQ(all(), before);
}

}  // namespace
}  // namespace oarlock
