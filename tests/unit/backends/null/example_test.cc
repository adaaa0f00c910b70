// The example backend, loaded as a shared library: its kernel runs, other operators fall back.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"

namespace oarlock {
namespace {

// y = Abs(Relu(x)), x of four elements.
Model relu_abs() {
  Graph graph;
  const ValueId x = graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{4}));
  ValueId last = x;
  for (const char* op : {"Relu", "Abs"}) {
    Node node;
    node.op = op;
    node.name = op;
    node.inputs = {last};
    const Result<NodeId> id = graph.add_node(node, {concat(op, "_out")});
    EXPECT_TRUE(id.ok()) << to_string(id.status());
    last = graph.node(*id).outputs[0];
  }
  graph.add_output(last);
  return Model(std::move(graph), {});
}

struct ExampleBackend : testing::Test {
  SessionOptions options;
  ExampleBackend() {
    options.devices = {"null"};
    options.backend_paths = {OARLOCK_NULL_LIBRARY};
    options.settings = {{"null.open", "yes"}};
  }
};

TEST_F(ExampleBackend, IsListedOnceAndLastButTheReference) {
  const DeviceListing listing = list_devices(options);
  std::vector<std::string> names;
  for (const DeviceSummary& device : listing.devices) names.push_back(device.name);
  EXPECT_EQ(std::count(names.begin(), names.end(), "null"), 1);
  EXPECT_EQ(names.back(), "reference");
}

TEST_F(ExampleBackend, SaysWhyItIsUnavailable) {
  options.settings.clear();
  const Result<Session> session = Session::open(relu_abs(), options);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), Code::unavailable);
  EXPECT_NE(session.status().message().find("null.open=yes"), std::string::npos)
      << session.status().message();
}

TEST_F(ExampleBackend, RunsItsOperatorAndFallsBackForOthers) {
  Result<Session> session = Session::open(relu_abs(), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());

  const std::vector<NamedValue> inputs = {{"x", Tensor::of<float>(Shape{4}, {-2, 3, -0.5f, 7})}};
  const Result<std::vector<NamedValue>> outputs = session->run(inputs);
  ASSERT_TRUE(outputs.ok()) << to_string(outputs.status());
  const auto y = outputs->at(0).value.tensor().as<float>();
  EXPECT_EQ(std::vector<float>(y.begin(), y.end()), (std::vector<float>{0, 3, 0, 7}));

  const Result<Explanation> plan = session->explain();
  ASSERT_TRUE(plan.ok()) << to_string(plan.status());
  std::string devices;
  for (const PlannedStep& step : plan->steps)
    if (step.op == "Relu" || step.op == "Abs") devices += concat(step.op, "@", step.device, " ");
  EXPECT_EQ(devices, "Relu@null Abs@reference ");
}

TEST_F(ExampleBackend, StrictRefusesTheFallback) {
  options.strict = true;
  Status status;
  if (Result<Session> session = Session::open(relu_abs(), options); session.ok())
    status = session->prepare(std::vector<TypeInfo>{TypeInfo::tensor(DType::float32, Shape{4})});
  else
    status = session.status();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find("Abs"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace oarlock
