// What tuning measures on the CPU: kept, used, and left alone where it is not to be trusted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "oarlock/plugin/cache_folder.h"
#include "oarlock/plugin/op.h"
#include "tests/unit/backends/cpu/kernel_check.h"
#include "tests/unit/backends/cpu/network.h"

namespace oarlock::cpu {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kExact = "exact";

// The key in a file of a CacheFolder, behind four words.
std::string key_in(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  uint64_t length = 0;
  std::memcpy(&length, bytes.data() + 8, sizeof length);
  return bytes.substr(32, length);
}

struct Tuned : testing::Test {
  fs::path folder = fs::path(testing::TempDir()) / concat("cpu_tuning_", getpid());
  Network net;
  Tensor x;

  void SetUp() override { fs::remove_all(folder); }
  void TearDown() override { fs::remove_all(folder); }

  ValueId weights(const std::string& name, const Shape& shape) {
    int64_t sum = 1;
    for (size_t i = 1; i < shape.rank(); ++i) sum *= shape[i];
    const float range = 1 / std::sqrt(static_cast<float>(sum));
    return net.graph.add_constant(name, random_tensor(shape, 3, -range, range));
  }
  void finish(ValueId input, ValueId output) {
    net.graph.add_output(output);
    ASSERT_TRUE(resolve(net.graph, OpRegistry::core()).ok());
    x = random_tensor(net.graph.value(input).type.shape, 5);
  }
  // A convolution with a kernel of 3 x 3.
  void convolution(const Shape& input, int64_t out) {
    const ValueId in = net.graph.add_input("x", TypeInfo::tensor(DType::float32, input));
    finish(in, net.add("Conv", {in, weights("w", {out, input[1], 3, 3})},
                       {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}));
  }
  void product(int64_t rows, int64_t depth, int64_t columns) {
    const ValueId in =
        net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{rows, depth}));
    finish(in, net.add("MatMul", {in, weights("w", {depth, columns})}));
  }
  // Depthwise behind pointwise, on a small image.
  void bottleneck() {
    const ValueId in =
        net.graph.add_input("x", TypeInfo::tensor(DType::float32, Shape{1, 19, 13, 11}));
    const ValueId wide = net.add("Relu", {net.add("Conv", {in, weights("e", {67, 19, 1, 1})})});
    const ValueId deep = net.add("Conv", {wide, weights("d", {67, 1, 3, 3})},
                                 {{"group", int64_t{67}},
                                  {"pads", std::vector<int64_t>{1, 1, 1, 1}},
                                  {"strides", std::vector<int64_t>{2, 2}}});
    finish(in, net.add("Relu", {deep}));
  }

  struct Answer {
    Tensor output;
    Explanation plan;
  };
  Answer run(int threads = 2, std::map<std::string, std::string> settings = {}) {
    settings.emplace("cpu.cache", folder.string());
    Result<Session> session = net.open("cpu", true, threads, std::move(settings));
    EXPECT_TRUE(session.ok()) << to_string(session.status());
    const std::vector<NamedValue> inputs{{"x", x}};
    auto outputs = session->run(inputs);
    EXPECT_TRUE(outputs.ok()) << to_string(outputs.status());
    return {(*outputs)[0].value.tensor(), *session->explain()};
  }
  Explanation measure(const char* seconds = "1000", bool exact = false) {
    std::map<std::string, std::string> settings{{"tune", seconds}};
    if (exact) settings[kExact] = "true";
    return run(2, settings).plan;
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> list;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) list.push_back(entry.path());
    return list;
  }
  // Puts a choice in the place of what was measured, for all nodes.
  void choose(const std::string& choice) {
    for (const fs::path& file : files())
      ASSERT_TRUE(CacheFolder(folder).save(key_in(file), {choice.begin(), choice.end()}));
  }
  void expect_close(const Tensor& given, const Tensor& expected) {
    ASSERT_EQ(given.elements(), expected.elements());
    for (size_t i = 0; i < static_cast<size_t>(given.elements()); ++i)
      ASSERT_NEAR(given.as<float>()[i], expected.as<float>()[i], 1e-4) << i;
  }
  // Every candidate is close to the reference, whatever the number of threads with the same bits.
  void check_candidates() {
    const Explanation measured = measure();
    ASSERT_FALSE(measured.tuning.empty());
    const Tensor expected = net.run("reference", false, x);
    for (const TunedChoice& tuned : measured.tuning) {
      EXPECT_GT(tuned.usual_us, 0) << tuned.node;
      for (const TunedChoice::Candidate& candidate : tuned.candidates) {
        SCOPED_TRACE(candidate.name);
        choose(candidate.name);
        const Answer two = run(2), one = run(1), three = run(3);
        expect_close(two.output, expected);
        EXPECT_EQ(std::memcmp(one.output.data(), two.output.data(), two.output.bytes()), 0);
        EXPECT_EQ(std::memcmp(one.output.data(), three.output.data(), two.output.bytes()), 0);
      }
    }
  }
};

// The step that is not about layouts.
const PlannedStep& main_step(const Explanation& plan) {
  for (const PlannedStep& step : plan.steps)
    if (step.op.find("Conv") != std::string::npos || step.op.find("MatMul") != std::string::npos)
      return step;
  return plan.steps.front();
}

TEST_F(Tuned, EntriesAreWrittenAndUsed) {
  convolution({1, 24, 30, 30}, 32);
  EXPECT_EQ(main_step(run().plan).tuned, "");
  const Explanation measured = measure();
  ASSERT_EQ(measured.tuning.size(), 1u);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_NE(main_step(run().plan).tuned, "");
  for (const std::string choice : {"conv_f32_direct_nchw16c: pixels first, 2 a thread",
                                   "conv_f32_winograd_nchw16c: F(6x6, 3x3), blocks of 14"}) {
    choose(choice);
    const PlannedStep step = main_step(run().plan);
    EXPECT_EQ(step.kernel, choice.substr(0, choice.find(':')));
    EXPECT_EQ(step.tuned, choice);
    EXPECT_THAT(to_string(run().plan), HasSubstr("tuned: " + choice));
  }
  choose("usual");
  EXPECT_EQ(main_step(run().plan).tuned, "the usual choice is the fastest");
}

TEST_F(Tuned, WhatIsKnownIsNotMeasuredAgain) {
  convolution({1, 24, 12, 12}, 32);
  EXPECT_EQ(measure().tuning.size(), 1u);
  EXPECT_EQ(measure().tuning.size(), 0u);
}

TEST_F(Tuned, DamagedEntriesAreIgnored) {
  convolution({1, 24, 12, 12}, 32);
  measure();
  choose("conv_f32_direct_nchw16c: pixels first, 2 a thread");
  ASSERT_EQ(files().size(), 1u);
  std::ifstream in(files()[0], std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (const size_t at : {size_t{0}, size_t{40}, bytes.size() - 1}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    std::ofstream(files()[0], std::ios::binary | std::ios::trunc) << damaged;
    EXPECT_EQ(main_step(run().plan).tuned, "") << at;
    std::ofstream(files()[0], std::ios::binary | std::ios::trunc) << bytes.substr(0, at);
    EXPECT_EQ(main_step(run().plan).tuned, "") << at;
  }
}

TEST_F(Tuned, ChoicesThatNoKernelOffersAreIgnored) {
  convolution({1, 24, 12, 12}, 32);
  const Answer before = run();
  measure();
  for (const char* choice : {"conv_f32_winograd_nchw16c: F(9x9, 3x3), blocks of 14", "apart",
                             "gemm_f32: rows in 2", "conv_f32_planar_nchw16c"}) {
    choose(choice);
    const Answer after = run();
    EXPECT_EQ(main_step(after.plan).kernel, main_step(before.plan).kernel) << choice;
    EXPECT_EQ(std::memcmp(after.output.data(), before.output.data(), before.output.bytes()), 0);
  }
}

TEST_F(Tuned, EntriesOfAnotherProcessorAreIgnored) {
  convolution({1, 24, 12, 12}, 32);
  measure();
  ASSERT_EQ(files().size(), 1u);
  std::string key = key_in(files()[0]);
  const std::string choice = "conv_f32_direct_nchw16c: pixels first, 2 a thread";
  fs::remove_all(folder);
  key[key.find('\n') + 1] ^= 1;  // of the processor's name
  ASSERT_TRUE(CacheFolder(folder).save(key, {choice.begin(), choice.end()}));
  EXPECT_EQ(main_step(run().plan).tuned, "");
  key[key.find('\n') + 1] ^= 1;
  ASSERT_TRUE(CacheFolder(folder).save(key, {choice.begin(), choice.end()}));
  EXPECT_EQ(main_step(run().plan).tuned, choice);
}

TEST_F(Tuned, CandidatesOfAConvolutionAgree) {
  convolution({2, 19, 23, 17}, 37);
  check_candidates();
}

TEST_F(Tuned, CandidatesOfAFirstLayerAgree) {
  convolution({1, 3, 21, 33}, 20);
  check_candidates();
}

TEST_F(Tuned, CandidatesOfAProductAgree) {
  product(51, 45, 77);
  check_candidates();
}

TEST_F(Tuned, PutTogetherOrApart) {
  bottleneck();
  const auto fused = [](const Explanation& plan) {
    for (const PlannedStep& step : plan.steps)
      if (step.op == "oarlock.cpu.ExpandedConv") return true;
    return false;
  };
  EXPECT_FALSE(fused(run().plan));
  bool measured = false;
  for (const TunedChoice& tuned : measure().tuning) measured = measured || tuned.usual == "apart";
  EXPECT_TRUE(measured);
  choose("conv_f32_expanded_nchw16c");
  const Answer together = run();
  EXPECT_TRUE(fused(together.plan));
  expect_close(together.output, net.run("reference", false, x));
  choose("apart");
  EXPECT_FALSE(fused(run().plan));
  EXPECT_THAT(to_string(run().plan), HasSubstr("tuned: without fuse_expansion"));
  fs::remove_all(folder);
  check_candidates();
}

TEST_F(Tuned, ExactSumsStay) {
  convolution({1, 24, 30, 30}, 32);
  measure();
  choose("conv_f32_winograd_nchw16c: F(6x6, 3x3), blocks of 14");
  EXPECT_EQ(main_step(run(2, {{kExact, "true"}}).plan).kernel, "conv_f32_direct_nchw16c");
  const Explanation measured = measure("1000", true);
  ASSERT_EQ(measured.tuning.size(), 1u);
  for (const TunedChoice::Candidate& candidate : measured.tuning[0].candidates)
    EXPECT_THAT(candidate.name, HasSubstr("direct"));
  choose("conv_f32_winograd_nchw16c: F(6x6, 3x3), blocks of 14");
  EXPECT_EQ(main_step(run(2, {{kExact, "true"}}).plan).kernel, "conv_f32_direct_nchw16c");
}

TEST_F(Tuned, TunersAtTheSameTimeDoNotClash) {
  convolution({1, 24, 12, 12}, 32);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([this] { measure(); });
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(files().size(), 1u) << "temporary files stay behind";
  EXPECT_TRUE(CacheFolder(folder).load(key_in(files()[0])));
}

TEST_F(Tuned, NothingIsKeptWithoutTimeOrFolder) {
  convolution({1, 24, 12, 12}, 32);
  EXPECT_TRUE(measure("0.000001").tuning.empty());
  EXPECT_TRUE(files().empty());
  const Explanation plan = run(1, {{"cpu.cache", "off"}, {"tune", "1000"}}).plan;
  EXPECT_EQ(plan.tuning.size(), 1u);
  EXPECT_TRUE(files().empty());
}

TEST_F(Tuned, PreparingMeasuresToo) {
  convolution({1, 24, 12, 12}, 32);
  Result<Session> session =
      net.open("cpu", true, 1, {{"tune", "1000"}, {"cpu.cache", folder.string()}});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ(session->explain()->tuning.size(), 1u);
  EXPECT_EQ(files().size(), 1u);
}

TEST_F(Tuned, SecondsAreANumber) {
  convolution({1, 24, 12, 12}, 32);
  const Result<Session> session = net.open("cpu", true, 1, {{"tune", "fast"}});
  ASSERT_FALSE(session.ok());
  EXPECT_THAT(session.status().message(), HasSubstr("not 'fast'"));
}

}  // namespace
}  // namespace oarlock::cpu
