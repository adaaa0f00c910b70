// Failures of a device, made by the layer: each is an error that names itself, and the session
// serves again when the cause is gone.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "backends/opencl/cl.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/layer_test.h"

namespace oarlock::opencl {
namespace {

constexpr int64_t kSize = 32;

class Faults : public OnLayer {
 protected:
  Result<Session> open() const {
    SessionOptions options;
    options.devices = {"opencl"};
    options.strict = true;
    options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
    return Session::open(model, options);
  }
  Status run(Session& session, Value& output) const {
    return session.run({&input, 1}, {&output, 1});
  }

  const Model model = test::resnet50(kSize, 1);
  const Value input = test::random_tensor(Shape{1, 3, kSize, kSize}, 2);
};

void expect_words(const Status& status, Code code, std::initializer_list<const char*> words) {
  EXPECT_EQ(status.code(), code) << to_string(status);
  for (const char* word : words)
    EXPECT_NE(status.message().find(word), std::string::npos)
        << word << " in " << to_string(status);
}

std::string bytes_of(const Value& value) {
  const Tensor& t = value.tensor();
  return std::string(reinterpret_cast<const char*>(t.data()), t.bytes());
}

TEST_F(Faults, ALostDeviceIsNamedAndServesAgainWhenItIsBack) {
  Result<Session> session = open();
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  Value before, during, after;
  ASSERT_TRUE(run(*session, before).ok());
  for (const char* name : {"clEnqueueNDRangeKernel", "clEnqueueReadBuffer"}) {
    set("OARLOCK_LAYER_FAIL", concat(name, " ", CL_DEVICE_NOT_AVAILABLE, " 0"));
    expect_words(run(*session, during), Code::unavailable, {"CL_DEVICE_NOT_AVAILABLE", "opencl:0"});
    unsetenv("OARLOCK_LAYER_FAIL");
    const Status again = run(*session, after);
    ASSERT_TRUE(again.ok()) << to_string(again);
    EXPECT_EQ(bytes_of(after), bytes_of(before));
  }
}

// In the middle of a run, with other runs beside it.
TEST_F(Faults, ALossAmongEightThreadsIsAnErrorForSome) {
  Result<Session> session = open();
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  Value before;
  ASSERT_TRUE(run(*session, before).ok());
  set("OARLOCK_LAYER_FAIL", concat("clEnqueueNDRangeKernel ", CL_OUT_OF_RESOURCES, " 200"));
  std::vector<Status> results(8);
  std::vector<std::thread> threads;
  for (Status& result : results)
    threads.emplace_back([&] {
      Value output;
      result = run(*session, output);
    });
  for (std::thread& thread : threads) thread.join();
  size_t failed = 0;
  for (const Status& result : results)
    if (!result.ok()) {
      ++failed;
      expect_words(result, Code::out_of_memory, {"CL_OUT_OF_RESOURCES", "opencl:0"});
    }
  EXPECT_GT(failed, 0u);
  unsetenv("OARLOCK_LAYER_FAIL");
  Value after;
  ASSERT_TRUE(run(*session, after).ok());
  EXPECT_EQ(bytes_of(after), bytes_of(before));
}

TEST_F(Faults, OutOfDeviceMemoryNamesTheNeed) {
  Result<Session> session = open();
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  set("OARLOCK_LAYER_FAIL", concat("clCreateBuffer ", CL_MEM_OBJECT_ALLOCATION_FAILURE, " 0"));
  Value output;
  expect_words(run(*session, output), Code::out_of_memory,
               {"CL_MEM_OBJECT_ALLOCATION_FAILURE", "opencl:0: a buffer of", "bytes"});
  // Only what a run needs beside the weights.
  set("OARLOCK_LAYER_FAIL", concat("clCreateBuffer ", CL_MEM_OBJECT_ALLOCATION_FAILURE, " 100000"));
  ASSERT_TRUE(run(*session, output).ok());
  unsetenv("OARLOCK_LAYER_FAIL");
}

bool has_kernel(Session& session, std::string_view part) {
  const Result<Explanation> plan = session.explain();
  EXPECT_TRUE(plan.ok());
  return plan.ok() && std::any_of(plan->steps.begin(), plan->steps.end(), [&](const auto& step) {
           return step.kernel.find(part) != std::string::npos;
         });
}

// y = Conv(x, w), 3 x 3.
Model convolution(int64_t channels, int64_t size) {
  Graph graph;
  Node node;
  node.op = node.name = "Conv";
  node.attrs.set("pads", std::vector<int64_t>{1, 1, 1, 1});
  node.inputs = {
      graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, channels, size, size})),
      graph.add_constant("w", test::random_tensor(Shape{channels, channels, 3, 3}, 4))};
  const Result<NodeId> id = graph.add_node(std::move(node), {"y"});
  EXPECT_TRUE(id.ok()) << to_string(id.status());
  graph.add_output(graph.node(*id).outputs[0]);
  return Model(std::move(graph), {});
}

// No room for the planes of Winograd's convolution.
TEST_F(Faults, ASmallerPlanServesWhenMemoryIsShort) {
  SessionOptions options;
  options.devices = {"opencl"};
  options.strict = true;
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  const Model network = convolution(64, 56);
  const Value x = test::random_tensor(Shape{1, 64, 56, 56}, 5);
  Value before, after;
  size_t bytes = 0;
  {
    Result<Session> session = Session::open(network, options);
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    ASSERT_TRUE(session->run({&x, 1}, {&before, 1}).ok());
    ASSERT_TRUE(has_kernel(*session, "conv_winograd"));
    const Result<Explanation> plan = session->explain();
    ASSERT_TRUE(plan.ok());
    bytes = plan->peak_bytes + plan->constant_bytes;
  }
  set("OARLOCK_LAYER_BUDGET", std::to_string(bytes * 7 / 10));
  Result<Session> session = Session::open(network, options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  for (int round = 0; round < 2; ++round) {
    const Status status = session->run({&x, 1}, {&after, 1});
    ASSERT_TRUE(status.ok()) << to_string(status);
    EXPECT_FALSE(has_kernel(*session, "conv_winograd"));
    const auto a = before.tensor().as<float>(), b = after.tensor().as<float>();
    float largest = 0;
    for (const float value : a) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4f * largest) << i;
  }
  set("OARLOCK_LAYER_BUDGET", "100000");
  Result<Session> none = Session::open(network, options);
  ASSERT_TRUE(none.ok()) << to_string(none.status());
  expect_words(none->run({&x, 1}, {&after, 1}), Code::out_of_memory,
               {"with a plan for little memory", "opencl:0: a buffer of", "bytes"});
}

// Plans of other shapes go first.
TEST_F(Faults, APlanOfAnotherShapeMakesRoom) {
  Graph graph;
  Node node;
  node.op = node.name = "Relu";
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{Shape::kUnknown}))};
  const Result<NodeId> id = graph.add_node(std::move(node), {"y"});
  ASSERT_TRUE(id.ok());
  graph.add_output(graph.node(*id).outputs[0]);
  SessionOptions options;
  options.devices = {"opencl"};
  options.strict = true;
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  Result<Session> session = Session::open(Model(std::move(graph), {}), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  set("OARLOCK_LAYER_BUDGET", "20000");
  for (const int64_t count : {1000, 1200, 1400}) {
    const Value x = test::random_tensor(Shape{count}, 3);
    Value y;
    const Status status = session->run({&x, 1}, {&y, 1});
    ASSERT_TRUE(status.ok()) << count << ": " << to_string(status);
    EXPECT_EQ(y.tensor().as<float>()[7], std::max(x.tensor().as<float>()[7], 0.0f));
  }
}

TEST_F(Faults, ABufferLargerThanTheDeviceAllowsIsRefusedWithBothSizes) {
  set("OARLOCK_LAYER_MEMORY", "100000");
  Result<Session> session = open();
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  Value output;
  expect_words(run(*session, output), Code::out_of_memory, {"is wanted, the device allows 100000"});
}

TEST_F(Faults, AProgramThatDoesNotBuildIsNamed) {
  SessionOptions options;
  options.devices = {"opencl"};
  options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
  Graph graph;
  Node node;
  node.op = node.name = "Mish";  // a program that no other test has built
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{3}))};
  const Result<NodeId> id = graph.add_node(std::move(node), {"y"});
  ASSERT_TRUE(id.ok());
  graph.add_output(graph.node(*id).outputs[0]);
  Result<Session> session = Session::open(Model(std::move(graph), {}), options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const Value x = Tensor::of<float>(Shape{3}, {1, 2, 3});
  Value y;
  set("OARLOCK_LAYER_FAIL", concat("clBuildProgram ", CL_BUILD_PROGRAM_FAILURE, " 0"));
  expect_words(
      session->run({&x, 1}, {&y, 1}), Code::internal,
      {"'Mish' (Mish) on opencl:0", "elementwise.cl does not build", "CL_BUILD_PROGRAM_FAILURE"});
  unsetenv("OARLOCK_LAYER_FAIL");
  const Status again = session->run({&x, 1}, {&y, 1});
  EXPECT_TRUE(again.ok()) << to_string(again);
}

}  // namespace
}  // namespace oarlock::opencl
