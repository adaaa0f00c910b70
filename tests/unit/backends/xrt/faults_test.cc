// Faults of the device become errors that say what failed; the session stays usable.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/unit/backends/xrt/network.h"

namespace oarlock::xrt {
namespace {

using testing::HasSubstr;

class Faults : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_emulated(); !why.empty()) GTEST_SKIP() << why;
    input_ = random_values({1, 3, 8, 8}, 1);
    Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input_.shape()),
                                     {{"Conv",
                                       {{"kernel_shape", std::vector<int64_t>{3, 3}}},
                                       {random_values({90, 3, 3, 3}, 2)}},
                                      {"Relu"},
                                      {"GlobalAveragePool"},
                                      {"Flatten"},
                                      {"Softmax"}});
    ASSERT_TRUE(model.ok()) << to_string(model.status());
    const Result<Tensor> expected = run_on("reference", *model, input_);
    ASSERT_TRUE(expected.ok()) << to_string(expected.status());
    expected_ = *expected;
    SessionOptions options;
    options.devices = {"xrt"};
    options.strict = true;
    options.settings["xrt.timeout"] = "300";
    Result<Session> session = Session::open(*model, options);
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    session_ = std::make_unique<Session>(*std::move(session));
    ASSERT_TRUE(run().ok());
  }
  void TearDown() override {
    if (session_ != nullptr) emulator().inject("restore", 0);
  }

  // Success comes with the right numbers.
  Status run() {
    const std::vector<Value> inputs = {Value(input_)};
    std::vector<Value> outputs(1);
    OARLOCK_TRY(session_->run(inputs, outputs));
    const auto a = outputs[0].tensor().as<float>(), e = expected_.as<float>();
    for (size_t i = 0; i < e.size(); ++i) EXPECT_NEAR(a[i], e[i], 1e-5) << i;
    return {};
  }
  void expect_fault(const char* what, int after, const char* message) {
    ASSERT_TRUE(emulator().inject(what, after));
    const Status status = run();
    ASSERT_FALSE(status.ok()) << what;
    EXPECT_EQ(status.code(), Code::unavailable);
    EXPECT_THAT(status.message(), HasSubstr(message));
    const Status again = run();
    EXPECT_TRUE(again.ok()) << what << ": " << to_string(again);
  }

  Tensor input_, expected_;
  std::unique_ptr<Session> session_;
};

TEST_F(Faults, FailedTransfer) {
  expect_fault("transfer", 0, "a transfer failed");
  expect_fault("transfer", 1, "a transfer failed");
}

TEST_F(Faults, FailedKernel) {
  for (const int after : {0, 1, 3}) expect_fault("kernel", after, "failed");
}

TEST_F(Faults, CrashOfAKernel) {
  for (const int after : {0, 2}) expect_fault("crash", after, "failed");
}

TEST_F(Faults, HangingKernel) {
  for (const int after : {0, 2}) expect_fault("hang", after, "did not end in time");
}

TEST_F(Faults, LostDevice) {
  ASSERT_TRUE(emulator().inject("lost", 0));
  for (int i = 0; i < 3; ++i) EXPECT_THAT(run().message(), HasSubstr("lost"));
  ASSERT_TRUE(emulator().inject("restore", 0));
  const Status again = run();
  EXPECT_TRUE(again.ok()) << to_string(again);
}

TEST_F(Faults, ExhaustedMemory) {
  SessionOptions options;
  options.devices = {"xrt"};
  const Result<Model> model =
      make_chain(TypeInfo::tensor(DType::float32, Shape{1, Shape::kUnknown}), {{"Relu"}, {"Abs"}});
  ASSERT_TRUE(model.ok());
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(emulator().inject("allocation", 0));
  const std::vector<Value> inputs = {Value(random_values({1, 5}, 1))};
  std::vector<Value> outputs(1);
  const Status status = session->run(inputs, outputs);
  EXPECT_EQ(status.code(), Code::out_of_memory) << to_string(status);
  EXPECT_THAT(status.message(), HasSubstr("exhausted"));
  EXPECT_TRUE(session->run(inputs, outputs).ok());
}

TEST_F(Faults, ManyRunsWithRandomFaultsLoseNothing) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE(concat("seed ", kSeed));
  std::mt19937 generator(kSeed);
  const char* const faults[] = {"transfer", "kernel", "crash", "allocation", "none", "none"};
  int failed = 0;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(emulator().inject(faults[generator() % 6], static_cast<int>(generator() % 6)));
    const Status status = run();
    failed += status.ok() ? 0 : 1;
    if (!status.ok()) {
      ASSERT_FALSE(status.message().empty());
    }
  }
  emulator().inject("none", 0);
  EXPECT_GT(failed, 100);
  const Status last = run();
  EXPECT_TRUE(last.ok()) << to_string(last);
}

TEST_F(Faults, CountersGrow) {
  xrt_emulator::Counters before, after;
  emulator().counters(&before);
  ASSERT_TRUE(run().ok());
  emulator().counters(&after);
  EXPECT_GE(after.runs, before.runs + 4);
  EXPECT_GE(after.bytes_to_device, before.bytes_to_device + input_.bytes());
  EXPECT_GE(after.bytes_from_device, before.bytes_from_device + expected_.bytes());
  EXPECT_GE(after.products, before.products + 90.0 * 36 * 27);
  EXPECT_GT(after.cycles, before.cycles);
}

}  // namespace
}  // namespace oarlock::xrt
