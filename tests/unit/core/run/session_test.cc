// Planning and running with operators made for the test, so that only the machinery is under test.
#include "oarlock/session.h"

#include <gtest/gtest.h>

#include <thread>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"

namespace oarlock {
namespace {

OpDef unary(const char* name, float (*f)(float)) {
  return {.domain = "test",
          .name = name,
          .inputs = 1,
          .infer = same_type_as_input,
          .reference = [f](RunContext& c) -> Status {
            const Tensor& x = c.input(0);
            OARLOCK_ASSIGN(Tensor * y, c.output(0, x.dtype(), x.shape()));
            for (int64_t i = 0; i < x.elements(); ++i)
              y->mutable_as<float>()[i] = f(x.as<float>()[i]);
            return {};
          }};
}

// The positive elements: a shape that depends on data.
Status keep_positive(RunContext& c) {
  std::vector<float> kept;
  for (float v : c.input(0).as<float>())
    if (v > 0) kept.push_back(v);
  OARLOCK_ASSIGN(Tensor * y, c.output(0, DType::float32, Shape{static_cast<int64_t>(kept.size())}));
  std::copy(kept.begin(), kept.end(), y->mutable_as<float>().begin());
  return {};
}

struct SessionTest : testing::Test {
  OpDef twice = unary("Twice", [](float x) { return 2 * x; });
  OpDef increment = unary("Increment", [](float x) { return x + 1; });
  OpDef positive{.domain = "test",
                 .name = "Positive",
                 .inputs = 1,
                 .infer =
                     [](InferContext& c) {
                       c.set_output(0, c.dtype(0), Shape{Shape::kUnknown});
                       return Status();
                     },
                 .reference = keep_positive};
  SessionOptions options;
  Graph graph;

  SessionTest() {
    options.devices = {"reference"};
    options.custom_ops = {&twice, &increment, &positive};
  }
  ValueId input(const char* name, Shape shape) {
    return graph.add_input(name, TypeInfo::tensor(DType::float32, shape));
  }
  ValueId node(const char* op, ValueId x) {
    Node n;
    n.domain = "test";
    n.op = op;
    n.name = std::string(op) + std::to_string(graph.node_count());
    n.inputs = {x};
    const Result<NodeId> id = graph.add_node(n, {n.name + "_out"});
    return graph.node(*id).outputs[0];
  }
  Session open() {
    Result<Session> session = Session::open(Model(graph, {}), options);
    EXPECT_TRUE(session.ok()) << to_string(session.status());
    return *std::move(session);
  }
};

std::vector<float> floats(const Value& value) {
  const auto data = value.tensor().as<float>();
  return {data.begin(), data.end()};
}

TEST_F(SessionTest, RunsNodesInOrder) {
  graph.add_output(node("Increment", node("Twice", input("x", {2}))), "y");
  Session session = open();
  const std::vector<NamedValue> in{{"x", Tensor::of<float>(Shape{2}, {1, 2})}};
  const auto out = session.run(in);
  ASSERT_TRUE(out.ok()) << to_string(out.status());
  EXPECT_EQ((*out)[0].name, "y");
  EXPECT_EQ(floats((*out)[0].value), (std::vector<float>{3, 5}));
}

TEST_F(SessionTest, WritesIntoGivenOutputs) {
  graph.add_output(node("Twice", input("x", {2})));
  Session session = open();
  const Value in = Tensor::of<float>(Shape{2}, {1, 2});
  Value out = Tensor::of<float>(Shape{2}, {0, 0});
  const std::byte* memory = out.tensor().data();
  ASSERT_TRUE(session.run({&in, 1}, {&out, 1}).ok());
  EXPECT_EQ(out.tensor().data(), memory);
  EXPECT_EQ(floats(out), (std::vector<float>{2, 4}));
}

TEST_F(SessionTest, OutputsMayBeInputsConstantsAndRepeated) {
  const ValueId x = input("x", {2});
  const ValueId y = node("Twice", x);
  graph.add_output(x, "same");
  graph.add_output(y, "first");
  graph.add_output(y, "second");
  graph.add_output(graph.add_constant("c", Tensor::of<float>(Shape{1}, {7})), "constant");
  Session session = open();
  const std::vector<NamedValue> in{{"x", Tensor::of<float>(Shape{2}, {1, 2})}};
  const auto out = session.run(in);
  ASSERT_TRUE(out.ok()) << to_string(out.status());
  EXPECT_EQ(floats((*out)[0].value), (std::vector<float>{1, 2}));
  EXPECT_EQ(floats((*out)[1].value), (std::vector<float>{2, 4}));
  EXPECT_EQ(floats((*out)[2].value), (std::vector<float>{2, 4}));
  EXPECT_EQ(floats((*out)[3].value), (std::vector<float>{7}));
}

TEST_F(SessionTest, PlansAgainAfterADataDependentShape) {
  const ValueId kept = node("Positive", node("Increment", input("x", {4})));
  graph.add_output(node("Twice", node("Increment", kept)), "y");
  graph.add_output(node("Increment", graph.inputs()[0]), "z");
  Session session = open();
  for (int run = 0; run < 3; ++run) {
    const float last = run == 1 ? -9.f : 3.f;
    const std::vector<NamedValue> in{{"x", Tensor::of<float>(Shape{4}, {1, -5, 2, last})}};
    const auto out = session.run(in);
    ASSERT_TRUE(out.ok()) << to_string(out.status());
    std::vector<float> expected{6, 8};
    if (run != 1) expected.push_back(10);
    EXPECT_EQ(floats((*out)[0].value), expected);
    EXPECT_EQ(floats((*out)[1].value), (std::vector<float>{2, -4, 3, last + 1}));
  }
}

TEST_F(SessionTest, PlansForEachShapeAndKeepsTheLatest) {
  graph.add_output(node("Twice", input("x", {Shape::kUnknown})), "y");
  options.cached_plans = 2;
  Session session = open();
  for (int64_t n : {1, 2, 3, 1, 5, 0, 2}) {
    Tensor x = *Tensor::allocate(DType::float32, Shape{n});
    for (int64_t i = 0; i < n; ++i) x.mutable_as<float>()[i] = static_cast<float>(i);
    const std::vector<NamedValue> in{{"x", x}};
    const auto out = session.run(in);
    ASSERT_TRUE(out.ok()) << to_string(out.status());
    ASSERT_EQ((*out)[0].value.tensor().shape(), Shape{n});
    for (int64_t i = 0; i < n; ++i)
      EXPECT_EQ(floats((*out)[0].value)[i], 2 * static_cast<float>(i));
  }
}

TEST_F(SessionTest, RunsFromManyThreads) {
  ValueId v = input("x", {1000});
  for (int i = 0; i < 5; ++i) v = node("Increment", v);
  graph.add_output(v, "y");
  Session session = open();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Tensor x = *Tensor::allocate(DType::float32, Shape{1000});
      std::fill_n(x.mutable_as<float>().begin(), 1000, static_cast<float>(t));
      const std::vector<NamedValue> in{{"x", x}};
      for (int i = 0; i < 50; ++i) {
        const auto out = session.run(in);
        if (!out.ok() ||
            floats((*out)[0].value) != std::vector<float>(1000, static_cast<float>(t + 5)))
          ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(SessionTest, RefusesWrongInputsAndSaysWhatIsExpected) {
  graph.add_output(node("Twice", input("x", {2})), "y");
  Session session = open();
  auto message = [&](std::vector<NamedValue> in) { return session.run(in).status().message(); };
  EXPECT_NE(message({{"z", Tensor::of<float>(Shape{2}, {1, 2})}})
                .find("no input 'z'; its inputs are 'x'"),
            std::string::npos);
  EXPECT_NE(message({}).find("input 'x' is missing: expected float32[2]"), std::string::npos);
  EXPECT_NE(message({{"x", Tensor::of<float>(Shape{3}, {1, 2, 3})}})
                .find("expected float32[2], given float32[3]"),
            std::string::npos);
  EXPECT_NE(message({{"x", Tensor::of<int32_t>(Shape{2}, {1, 2})}}).find("given int32[2]"),
            std::string::npos);
}

TEST_F(SessionTest, UnknownDeviceNamesThosePresent) {
  graph.add_output(node("Twice", input("x", {2})), "y");
  options.devices = {"warp-drive"};
  const Result<Session> session = Session::open(Model(graph, {}), options);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), Code::unavailable);
  EXPECT_NE(session.status().message().find("reference"), std::string::npos);
}

TEST_F(SessionTest, ObservesEveryValueAndProfilesEveryStep) {
  graph.add_output(node("Increment", node("Twice", input("x", {2}))), "y");
  options.keep_intermediates = true;
  Session session = open();
  std::vector<std::string> seen, steps;
  RunOptions run;
  run.observe = [&](const std::string& name, const Value&) { seen.push_back(name); };
  run.profile = [&](const StepRecord& r) {
    steps.push_back(r.op);
    EXPECT_LE(r.start_us, r.end_us);
  };
  const std::vector<NamedValue> in{{"x", Tensor::of<float>(Shape{2}, {1, 2})}};
  ASSERT_TRUE(session.run(in, run).ok());
  EXPECT_EQ(seen, (std::vector<std::string>{"Twice0_out", "Increment1_out"}));
  EXPECT_EQ(steps, (std::vector<std::string>{"Twice", "Increment"}));
}

TEST_F(SessionTest, StopsWhenCancelled) {
  graph.add_output(node("Twice", input("x", {2})), "y");
  Session session = open();
  const std::atomic<bool> cancel = true;
  RunOptions run;
  run.cancel = &cancel;
  const std::vector<NamedValue> in{{"x", Tensor::of<float>(Shape{2}, {1, 2})}};
  EXPECT_EQ(session.run(in, run).status().code(), Code::cancelled);
}

TEST_F(SessionTest, ExplainTellsDeviceAndMemory) {
  graph.add_output(node("Increment", node("Twice", input("x", {2}))), "y");
  Session session = open();
  const Result<Explanation> e = session.explain();
  ASSERT_TRUE(e.ok()) << to_string(e.status());
  ASSERT_EQ(e->steps.size(), 2u);
  EXPECT_EQ(e->steps[0].op, "test.Twice");
  EXPECT_EQ(e->steps[0].device, "reference");
  EXPECT_EQ(e->summary, "2 steps on reference");
  EXPECT_EQ(e->peak_bytes, 64u);
}

}  // namespace
}  // namespace oarlock
