// Faults of the device become errors that say what failed; the session stays usable.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
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
    model_ = *model;
    const Result<Tensor> expected = run_on("reference", model_, input_);
    ASSERT_TRUE(expected.ok()) << to_string(expected.status());
    expected_ = *expected;
    open({"xrt"}, "off");
    ASSERT_TRUE(run().ok());
  }
  void open(std::vector<std::string> devices, const char* fallback, const char* timeout = "300") {
    SessionOptions options;
    options.devices = std::move(devices);
    options.settings["fallback"] = fallback;
    options.settings["xrt.timeout"] = timeout;
    Result<Session> session = Session::open(model_, options);
    ASSERT_TRUE(session.ok()) << to_string(session.status());
    session_ = std::make_unique<Session>(*std::move(session));
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

  Model model_;
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
  options.settings["fallback"] = "off";
  const Result<Model> model =
      make_chain(TypeInfo::tensor(DType::float32, Shape{1, Shape::kUnknown}), {{"Relu"}, {"Abs"}});
  ASSERT_TRUE(model.ok());
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE(emulator().inject("full", 0));
  const std::vector<Value> inputs = {Value(random_values({1, 5}, 1))};
  std::vector<Value> outputs(1);
  const Status status = session->run(inputs, outputs);
  EXPECT_EQ(status.code(), Code::out_of_memory) << to_string(status);
  EXPECT_THAT(status.message(), HasSubstr("with a plan for little memory"));
  EXPECT_THAT(status.message(), HasSubstr("exhausted"));
  ASSERT_TRUE(emulator().inject("restore", 0));
  EXPECT_TRUE(session->run(inputs, outputs).ok());
  // Where it runs out only once, a plan that needs less serves.
  const std::vector<Value> longer = {Value(random_values({1, 6}, 1))};
  ASSERT_TRUE(emulator().inject("allocation", 0));
  const Status again = session->run(longer, outputs);
  EXPECT_TRUE(again.ok()) << to_string(again);
}

// With another device left, every run gives its result.
TEST_F(Faults, ARunIsRepeatedOnAnotherDevice) {
  open({"xrt", "cpu"}, "warn");
  for (const char* what : {"transfer", "kernel", "crash", "hang", "lost"}) {
    for (const int after : {0, 1}) {
      ASSERT_TRUE(emulator().inject(what, after));
      testing::internal::CaptureStderr();
      const Status status = run();
      const std::string told = testing::internal::GetCapturedStderr();
      EXPECT_TRUE(status.ok()) << what << ": " << to_string(status);
      EXPECT_THAT(told, HasSubstr("warning: the run is repeated without xrt:0")) << what;
      ASSERT_TRUE(emulator().inject("restore", 0));
      testing::internal::CaptureStderr();
      EXPECT_TRUE(run().ok()) << what;
      EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << what;
    }
  }
  // The reference device is left to a session that names no other.
  open({"xrt"}, "silent");
  ASSERT_TRUE(emulator().inject("lost", 0));
  testing::internal::CaptureStderr();
  EXPECT_TRUE(run().ok());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Faults, FallbackIsChecked) {
  SessionOptions options;
  options.settings["fallback"] = "perhaps";
  const Result<Session> session = Session::open(model_, options);
  ASSERT_FALSE(session.ok());
  EXPECT_THAT(session.status().message(), HasSubstr("warn, silent or off"));
}

TEST_F(Faults, ManyRunsWithRandomFaultsLoseNothing) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE(concat("seed ", kSeed));
  std::mt19937 generator(kSeed);
  const char* const faults[] = {"transfer", "kernel", "crash", "allocation",
                                "hang",     "lost",   "none",  "none"};
  open({"xrt"}, "off", "60");
  int failed = 0;
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(emulator().inject(faults[generator() % 8], static_cast<int>(generator() % 6)));
    const Status status = run();
    failed += status.ok() ? 0 : 1;
    if (!status.ok()) {
      ASSERT_FALSE(status.message().empty());
    }
    ASSERT_TRUE(emulator().inject("restore", 0));
  }
  EXPECT_GT(failed, 100);
  const Status last = run();
  EXPECT_TRUE(last.ok()) << to_string(last);
}

TEST_F(Faults, ManyRunsWithRandomFaultsGiveTheirResultWithAnotherDevice) {
  constexpr unsigned kSeed = 8;
  SCOPED_TRACE(concat("seed ", kSeed));
  std::mt19937 generator(kSeed);
  const char* const faults[] = {"transfer", "kernel", "crash", "allocation", "hang", "lost"};
  open({"xrt", "cpu"}, "silent", "60");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(emulator().inject(faults[generator() % 6], static_cast<int>(generator() % 6)));
    const Status status = run();
    ASSERT_TRUE(status.ok()) << i << ": " << to_string(status);
    ASSERT_TRUE(emulator().inject("restore", 0));
  }
}

// One card for all processes: what another process does is done here through a second descriptor,
// which locks alike.
TEST_F(Faults, ADeviceThatAnotherProcessUses) {
  const std::string file = testing::TempDir() + "oarlock_one_card";
  session_.reset();
  ASSERT_EQ(setenv("OARLOCK_XRT_ONE_CARD", file.c_str(), 1), 0);
  const int other = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  ASSERT_GE(other, 0);
  ASSERT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  open({"xrt"}, "off");
  EXPECT_THAT(run().message(), HasSubstr("another process uses the device"));
  open({"xrt", "cpu"}, "warn");
  testing::internal::CaptureStderr();
  EXPECT_TRUE(run().ok());
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("another process"));
  ASSERT_EQ(flock(other, LOCK_UN), 0);
  testing::internal::CaptureStderr();
  EXPECT_TRUE(run().ok());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  // Now this process holds it.
  EXPECT_NE(flock(other, LOCK_EX | LOCK_NB), 0);
  session_.reset();
  EXPECT_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
  close(other);
  unsetenv("OARLOCK_XRT_ONE_CARD");
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
