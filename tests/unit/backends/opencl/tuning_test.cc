// Tiles found by measuring: kept, found again, and ignored when they are not to be trusted.
#include "backends/opencl/tuning.h"

#include <filesystem>
#include <fstream>
#include <iterator>
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

  std::unique_ptr<Tuning> open(const FoundDevice& found) {
    return std::make_unique<Tuning>(*device, found, BinaryStore(folder), 0);
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> list;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) list.push_back(entry.path());
    return list;
  }
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

TEST_F(OpenClTuning, IsKeptForTheDeviceAndItsDriver) {
  EXPECT_FALSE(open(device->found())->has_time());
  EXPECT_EQ(open(device->found())->find("a"), std::nullopt);
  open(device->found())->keep("a", {6, 4});
  EXPECT_EQ(open(device->found())->find("a"), (Tuning::Form{6, 4}));
  EXPECT_EQ(open(device->found())->find("b"), std::nullopt);
  FoundDevice other = device->found();
  other.driver += ".1";
  EXPECT_EQ(open(other)->find("a"), std::nullopt);
}

TEST_F(OpenClTuning, DamagedEntriesAreIgnored) {
  open(device->found())->keep("a", {6, 4});
  ASSERT_EQ(files().size(), 1u);
  std::ifstream in(files()[0], std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (const size_t at : {size_t{0}, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    std::ofstream(files()[0], std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_EQ(open(device->found())->find("a"), std::nullopt) << at;
  }
  std::ofstream(files()[0], std::ios::binary | std::ios::trunc) << bytes.substr(0, 40);
  EXPECT_EQ(open(device->found())->find("a"), std::nullopt);
}

TEST_F(OpenClTuning, FormsThatNoTileHasAreIgnored) {
  for (const Tuning::Form form : {Tuning::Form{0, 4}, Tuning::Form{200, 1}, Tuning::Form{3, 0}}) {
    open(device->found())->keep("a", form);
    EXPECT_EQ(open(device->found())->find("a"), std::nullopt);
  }
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
  }
  for (size_t i = 0; i < answers[0].size(); ++i) {
    ASSERT_NEAR(answers[0][i], answers[1][i], 1e-4f);
    ASSERT_EQ(answers[1][i], answers[2][i]);
  }
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
