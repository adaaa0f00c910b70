// Tiles found by measuring.
#include <dlfcn.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/opencl_test.h"

namespace oarlock::opencl {
namespace {

namespace fs = std::filesystem;

struct OpenClTuning : OnDevice {
  fs::path folder;

  void SetUp() override {
    OnDevice::SetUp();
    folder = fs::path(testing::TempDir()) / ("tuning_" + std::to_string(getpid()));
    fs::remove_all(folder);
  }
  void TearDown() override { fs::remove_all(folder); }
};

// y = x[rows, depth] @ a constant of [depth, columns].
Model product(int64_t rows, int64_t depth, int64_t columns) {
  Graph graph;
  Node node;
  node.op = node.name = "MatMul";
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{rows, depth})),
                 graph.add_constant("w", test::random_tensor(Shape{depth, columns}, 2))};
  const Result<NodeId> id = graph.add_node(node, {"y"});
  EXPECT_TRUE(id.ok()) << to_string(id.status());
  graph.add_output(graph.node(*id).outputs[0]);
  return Model(std::move(graph), {});
}

TEST_F(OpenClTuning, OfASessionChangesNoAnswer) {
  const Model model = product(4, 32, 24);
  const Value input(test::random_tensor(Shape{4, 32}, 1));
  std::vector<std::vector<float>> answers;
  for (const char* seconds : {"0", "1000", "0"}) {
    SessionOptions options;
    options.devices = {"opencl"};
    options.settings = {{"opencl.cache", folder.string()}, {"tune", seconds}};
    Result<Session> session = Session::open(model, options);
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    Value output;
    const Status ran = session->run({&input, 1}, {&output, 1});
    ASSERT_TRUE(ran.ok()) << to_string(ran);
    const auto values = output.tensor().as<float>();
    answers.emplace_back(values.begin(), values.end());
    const Result<Explanation> plan = session->explain();
    ASSERT_TRUE(plan.ok()) << to_string(plan.status());
    EXPECT_EQ(plan->tuning.size(), seconds == std::string("1000") ? 1u : 0u);
    EXPECT_EQ(to_string(*plan).find("tuned: ") != std::string::npos, answers.size() > 1);
  }
  for (size_t i = 0; i < answers[0].size(); ++i) {
    ASSERT_NEAR(answers[0][i], answers[1][i], 1e-4f);
    ASSERT_EQ(answers[1][i], answers[2][i]);
  }
}

// What a session with these settings measures.
std::vector<TunedChoice> measured(const Model& model, const Value& input,
                                  std::map<std::string, std::string> settings) {
  settings["tune"] = "1000";
  SessionOptions options;
  options.devices = {"opencl"};
  options.settings = std::move(settings);
  Result<Session> session = Session::open(model, options);
  EXPECT_TRUE(session.ok()) << to_string(session.status());
  Value output;
  const Status ran = session->run({&input, 1}, {&output, 1});
  EXPECT_TRUE(ran.ok()) << to_string(ran);
  return session->explain()->tuning;
}

TEST_F(OpenClTuning, ClblastIsAChoice) {
  if (dlopen("libclblast.so.1", RTLD_NOW) == nullptr) GTEST_SKIP() << dlerror();
  const Model model = product(64, 96, 80);
  const Value input(test::random_tensor(Shape{64, 96}, 1));
  const auto is_a_candidate = [](const TunedChoice& choice) {
    for (const TunedChoice::Candidate& c : choice.candidates)
      if (c.name == "clblast/gemm") return true;
    return false;
  };
  const auto tuned = measured(model, input, {{"opencl.cache", folder.string()}});
  ASSERT_EQ(tuned.size(), 1u);
  EXPECT_EQ(tuned[0].usual, "matmul");
  EXPECT_TRUE(is_a_candidate(tuned[0]));
  // Sessions without it have entries of their own.
  const auto without =
      measured(model, input, {{"opencl.cache", folder.string()}, {"opencl.clblast", "off"}});
  ASSERT_EQ(without.size(), 1u);
  EXPECT_FALSE(is_a_candidate(without[0]));
}

// y = Conv(x[1, 8, 6, 6], a constant).
Model convolution() {
  Graph graph;
  Node node;
  node.op = node.name = "Conv";
  node.inputs = {graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 8, 6, 6})),
                 graph.add_constant("w", test::random_tensor(Shape{16, 8, 1, 1}, 2))};
  const Result<NodeId> id = graph.add_node(node, {"y"});
  EXPECT_TRUE(id.ok()) << to_string(id.status());
  graph.add_output(graph.node(*id).outputs[0]);
  return Model(std::move(graph), {});
}

TEST_F(OpenClTuning, ImagesThatTheSessionAsksForStay) {
  if (!device->traits().images) GTEST_SKIP() << "the device has no images";
  const Value input(test::random_tensor(Shape{1, 8, 6, 6}, 1));
  const std::string cache = folder.string();
  EXPECT_EQ(measured(convolution(), input, {{"opencl.cache", cache}}).size(), 1u);
  for (const TunedChoice& choice :
       measured(convolution(), input, {{"opencl.cache", cache}, {"opencl.storage", "image"}}))
    EXPECT_TRUE(choice.candidates.empty()) << choice.candidates[0].name;
}

TEST_F(OpenClTuning, SecondsAreANumber) {
  SessionOptions options;
  options.devices = {"opencl"};
  options.settings = {{"tune", "fast"}};
  const Result<Session> session = Session::open(product(1, 2, 3), options);
  ASSERT_FALSE(session.ok());
  EXPECT_NE(session.status().message().find("not 'fast'"), std::string::npos)
      << session.status().message();
}

}  // namespace
}  // namespace oarlock::opencl
