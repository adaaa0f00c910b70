// If, Loop, Scan, SequenceMap with bodies built by hand.
#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr int64_t kU = Shape::kUnknown;

// Builds a body: inputs, then nodes; outputs are named by their nodes.
class Body {
 public:
  ValueId input(std::string name, TypeInfo type) {
    return graph_.add_input(std::move(name), std::move(type));
  }
  ValueId constant(std::string name, Tensor tensor) {
    return graph_.add_constant(std::move(name), std::move(tensor));
  }
  ValueId node(std::string op, std::vector<ValueId> inputs, Attrs attrs = {}) {
    Node node;
    node.name = concat(op, count_++);
    node.op = std::move(op);
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    const std::string output = node.name + "_out";
    const auto id = graph_.add_node(std::move(node), {output});
    EXPECT_TRUE(id.ok());
    return graph_.node(*id).output(0);
  }
  GraphPtr returning(std::initializer_list<ValueId> outputs) {
    for (const ValueId output : outputs) graph_.add_output(output);
    return std::make_shared<const Graph>(std::move(graph_));
  }

 private:
  Graph graph_;
  int count_ = 0;
};

const TypeInfo kFloats = TypeInfo::tensor(DType::float32, {kU});
const TypeInfo kIndex = TypeInfo::tensor(DType::int64, {});
const TypeInfo kFlag = TypeInfo::tensor(DType::boolean, {});

GraphPtr constant_body(Tensor tensor) {
  Body body;
  const ValueId c = body.constant("c", std::move(tensor));
  return body.returning({body.node("Identity", {c})});
}

TEST(If, RunsOneBranch) {
  const Attrs attrs{{"then_branch", constant_body(list<float>({1, 2}))},
                    {"else_branch", constant_body(list<float>({3}))}};
  expect_tensor(run("If", attrs, {Tensor::scalar(true)}), list<float>({1, 2}));
  expect_tensor(run("If", attrs, {list<bool>({false})}), list<float>({3}));
  EXPECT_EQ(inferred("If", attrs, {{DType::boolean, {}}}), "float32[?]");
  EXPECT_EQ(inferred("If", attrs, {Tensor::scalar(true)}), "float32[2]");
  EXPECT_EQ(error_of("If", attrs, {Tensor::scalar(1.0f)}),
            "node 'If' (If): input 0 is float32, expected one of: bool");
  EXPECT_EQ(error_of("If", attrs, {Tensor::scalar(true)}, 2),
            "node 'If' (If): graph 'then_branch' has 1 outputs, the node 2");
}

TEST(If, OneBranchMayBeImpossible) {
  Body body;
  const ValueId three = body.constant("three", list<float>({1, 2, 3}));
  const ValueId two = body.constant("two", list<float>({1, 2}));
  const GraphPtr impossible = body.returning({body.node("Add", {three, two})});
  const Attrs attrs{{"then_branch", impossible}, {"else_branch", constant_body(list<float>({3}))}};
  EXPECT_EQ(inferred("If", attrs, {{DType::boolean, {}}}), "float32[1]");
  EXPECT_EQ(inferred("If", attrs, {Tensor::scalar(true)}),
            "node 'n' (If): in graph 'then_branch': node 'Add0' (Add): shapes [3] and [2] do not "
            "broadcast");
  EXPECT_EQ(inferred("If", {{"then_branch", impossible}, {"else_branch", impossible}},
                     {{DType::boolean, {}}}),
            "node 'n' (If): in graph 'then_branch': node 'Add0' (Add): shapes [3] and [2] do not "
            "broadcast");
}

TEST(If, BranchesOfDifferentRank) {
  const Attrs attrs{{"then_branch", constant_body(list<float>({1, 2}))},
                    {"else_branch", constant_body(Tensor::scalar(3.f))}};
  EXPECT_EQ(inferred("If", attrs, {{DType::boolean, {}}}), "float32[...]");
}

// x -> x + step, stacked: x before the step. Goes on while x + step < 10.
GraphPtr counting_body() {
  Body body;
  body.input("i", kIndex);
  body.input("going", kFlag);
  const ValueId x = body.input("x", TypeInfo::tensor(DType::float32, {}));
  const ValueId next = body.node("Add", {x, body.constant("step", Tensor::scalar(3.f))});
  const ValueId going = body.node("Less", {next, body.constant("end", Tensor::scalar(10.f))});
  return body.returning({going, next, body.node("Identity", {x})});
}

TEST(Loop, CountsAndStacks) {
  const Attrs attrs{{"body", counting_body()}};
  Values out =
      run_all("Loop", attrs, {Tensor::scalar(int64_t{2}), Value(), Tensor::scalar(1.f)}, 2);
  expect_tensor(out[0], Tensor::scalar(7.f));
  expect_tensor(out[1], list<float>({1, 4}));
  out = run_all("Loop", attrs, {Value(), Tensor::scalar(true), Tensor::scalar(1.f)}, 2);
  expect_tensor(out[0], Tensor::scalar(10.f));
  expect_tensor(out[1], list<float>({1, 4, 7}));
}

TEST(Loop, ZeroTrips) {
  const Attrs attrs{{"body", counting_body()}};
  Values out =
      run_all("Loop", attrs, {Tensor::scalar(int64_t{0}), Value(), Tensor::scalar(1.f)}, 2);
  expect_tensor(out[0], Tensor::scalar(1.f));
  expect_tensor(out[1], list<float>({}));
  out = run_all("Loop", attrs, {Value(), Tensor::scalar(false), Tensor::scalar(1.f)}, 2);
  expect_tensor(out[1], list<float>({}));
}

TEST(Loop, GrowingStateHasUnknownExtents) {
  Body body;
  body.input("i", kIndex);
  const ValueId going = body.input("going", kFlag);
  const ValueId x = body.input("x", {});
  const ValueId longer = body.node("Concat", {x, x}, {{"axis", int64_t{0}}});
  const Attrs attrs{{"body", body.returning({body.node("Identity", {going}), longer})}};
  EXPECT_EQ(
      inferred("Loop", attrs, {{DType::int64, {}}, {DType::boolean, {}}, {DType::float32, {2, 3}}}),
      "float32[?, 3]");
  expect_tensor(run("Loop", attrs, {Tensor::scalar(int64_t{2}), Value(), list<float>({5})}),
                list<float>({5, 5, 5, 5}));
  EXPECT_EQ(error_of("Loop", attrs, {Tensor::scalar(int64_t{2}), Value(), list<float>({5})}, 3),
            "node 'Loop' (Loop): the body has 2 outputs, expected 4 (the condition and one for "
            "each output of the node, of which 1 are carried)");
}

TEST(Loop, CarriesSequences) {
  Body body;
  const ValueId i = body.input("i", kIndex);
  const ValueId going = body.input("going", kFlag);
  const ValueId sequence = body.input("s", TypeInfo::sequence_of(kIndex));
  const ValueId longer = body.node("SequenceInsert", {sequence, i});
  const Attrs attrs{{"body", body.returning({body.node("Identity", {going}), longer})}};
  const Values out =
      run_all("Loop", attrs, {Tensor::scalar(int64_t{3}), Value(), Value(Sequence())}, 1);
  ASSERT_TRUE(out[0].is_sequence());
  ASSERT_EQ(out[0].sequence().size(), 3u);
  expect_tensor(out[0].sequence()[2], Tensor::scalar(int64_t{2}));
}

// state, element -> state + element, state + element (stacked).
GraphPtr prefix_sum_body() {
  Body body;
  const ValueId state = body.input("state", kFloats);
  const ValueId element = body.input("element", kFloats);
  const ValueId sum = body.node("Add", {state, element});
  return body.returning({sum, body.node("Identity", {sum})});
}

TEST(Scan, PrefixSums) {
  Attrs attrs{{"body", prefix_sum_body()}, {"num_scan_inputs", int64_t{1}}};
  const Tensor start = list<float>({0, 0}), x = tensor<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  Values out = run_all("Scan", attrs, {start, x}, 2);
  expect_tensor(out[0], list<float>({9, 12}));
  expect_tensor(out[1], tensor<float>({3, 2}, {1, 2, 4, 6, 9, 12}));
  attrs.set("scan_input_directions", std::vector<int64_t>{1});
  attrs.set("scan_output_directions", std::vector<int64_t>{1});
  out = run_all("Scan", attrs, {start, x}, 2);
  expect_tensor(out[1], tensor<float>({3, 2}, {9, 12, 8, 10, 5, 6}));
}

TEST(Scan, OtherAxes) {
  const Attrs attrs{{"body", prefix_sum_body()},
                    {"num_scan_inputs", int64_t{1}},
                    {"scan_input_axes", std::vector<int64_t>{1}},
                    {"scan_output_axes", std::vector<int64_t>{-1}}};
  const Tensor x = tensor<float>({2, 3}, {1, 3, 5, 2, 4, 6});
  const Values out = run_all("Scan", attrs, {list<float>({0, 0}), x}, 2);
  expect_tensor(out[1], tensor<float>({2, 3}, {1, 4, 9, 2, 6, 12}));
  EXPECT_EQ(inferred("Scan", attrs, {{DType::float32, {2}}, {DType::float32, {2, kU}}}, 2),
            "float32[2]; float32[2, ?]");
  EXPECT_EQ(
      error_of("Scan", {{"body", prefix_sum_body()}, {"num_scan_inputs", int64_t{3}}}, {x, x}, 2),
      "node 'Scan' (Scan): num_scan_inputs is 3, expected 1 to 2");
}

TEST(SequenceMap, MapsElementsBesideATensor) {
  Body body;
  const ValueId element = body.input("element", kFloats);
  const ValueId other = body.input("other", kFloats);
  const Attrs attrs{{"body", body.returning({body.node("Add", {element, other})})}};
  const Value sequence = Sequence{list<float>({1, 2}), list<float>({3})};
  const Values out = run_all("SequenceMap", attrs, {sequence, list<float>({10})}, 1);
  ASSERT_TRUE(out[0].is_sequence());
  expect_tensor(out[0].sequence()[0], list<float>({11, 12}));
  expect_tensor(out[0].sequence()[1], list<float>({13}));
}

}  // namespace
}  // namespace oarlock::test
