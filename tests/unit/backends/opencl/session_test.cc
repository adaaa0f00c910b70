// The backend through sessions.
#include "oarlock/session.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "backends/opencl/platform.h"
#include "oarlock/plugin/graph.h"

namespace oarlock {
namespace {

// y = Relu(x) + x, z = Tan(y); no device but the reference takes Tan.
Model small_model(int64_t count) {
  Graph graph;
  const ValueId x = graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{count}));
  const auto add = [&](const char* op, std::vector<ValueId> inputs) {
    Node node;
    node.op = node.name = op;
    node.inputs = std::move(inputs);
    const Result<NodeId> id = graph.add_node(node, {concat(op, "_out")});
    EXPECT_TRUE(id.ok()) << to_string(id.status());
    return graph.node(*id).outputs[0];
  };
  const ValueId y = add("Add", {add("Relu", {x}), x});
  graph.add_output(y, "y");
  graph.add_output(add("Tan", {y}), "z");
  return Model(std::move(graph), {});
}

struct OpenClSession : testing::Test {
  SessionOptions options;

  void SetUp() override {
    options.devices = {"opencl"};
    const Result<std::vector<opencl::FoundDevice>> found = opencl::find_devices();
    if (!found.ok()) GTEST_SKIP() << to_string(found.status());
  }
};

TEST_F(OpenClSession, RunsItsOperatorsAndFallsBackForOthers) {
  Result<Session> session = Session::open(small_model(3), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const std::vector<NamedValue> inputs = {{"x", Tensor::of<float>(Shape{3}, {-2, 3, 0.5f})}};
  const Result<std::vector<NamedValue>> outputs = session->run(inputs);
  ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
  const auto y = outputs->at(0).value.tensor().as<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), (std::vector<float>{-2, 6, 1}));
  const Result<Explanation> plan = session->explain();
  ASSERT_TRUE(plan.ok());
  std::string devices;
  for (const PlannedStep& step : plan->steps)
    if (!step.op.starts_with("oarlock.")) devices += concat(step.op, "@", step.device, " ");
  EXPECT_EQ(devices, "Relu@opencl:0 Add@opencl:0 Tan@reference ");
}

TEST_F(OpenClSession, DevicesGoByNumberAndByKind) {
  for (const DeviceSummary& device : list_devices(options).devices) {
    if (!device.name.starts_with("opencl")) continue;
    std::vector<std::string> names = {device.name};
    const std::string& also = device.details.at("also called");
    for (size_t begin = 0; begin < also.size();) {
      const size_t end = std::min(also.find(", ", begin), also.size());
      names.push_back(also.substr(begin, end - begin));
      begin = end + 2;
    }
    EXPECT_GE(names.size(), 3u);
    for (const std::string& name : names) {
      options.devices = {name};
      const Result<Session> session = Session::open(small_model(1), options);
      ASSERT_TRUE(session.ok()) << to_string(session.status());
      EXPECT_EQ(session->devices().front(), concat(device.name, ": ", device.description));
    }
  }
  options.devices = {"opencl:nothing"};
  EXPECT_EQ(Session::open(small_model(1), options).status().code(), Code::unavailable);
}

TEST_F(OpenClSession, RunsFromEightThreads) {
  constexpr int64_t kCount = 1000;
  Result<Session> session = Session::open(small_model(kCount), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  std::vector<std::string> failures(8);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < failures.size(); ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round < 20; ++round) {
        Result<Tensor> x = Tensor::allocate(DType::float32, Shape{kCount});
        if (!x.ok()) return;
        for (int64_t i = 0; i < kCount; ++i)
          x->mutable_as<float>()[static_cast<size_t>(i)] =
              static_cast<float>(i % 7) - 3 + static_cast<float>(t);
        const std::vector<NamedValue> inputs = {{"x", *x}};
        const Result<std::vector<NamedValue>> outputs = session->run(inputs);
        if (!outputs.ok()) {
          failures[t] = to_string(outputs.status());
          return;
        }
        for (size_t i = 0; i < static_cast<size_t>(kCount); ++i) {
          const float value = x->as<float>()[i];
          if (outputs->at(0).value.tensor().as<float>()[i] != value + std::max(value, 0.0f))
            failures[t] = concat("element ", i, " in round ", round);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");
}

}  // namespace
}  // namespace oarlock
