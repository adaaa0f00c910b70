// What holds for whole networks on the CPU: a run whose plan is cached allocates nothing, bits do
// not depend on the number of threads, the devices agree, and running out of memory is an error.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/runs/allocation_counter.h"

namespace oarlock {
namespace {

struct Network {
  const char* name;
  Model (*make)();
  Shape input;
};

void PrintTo(const Network& n, std::ostream* out) { *out << n.name; }

const Network kNetworks[] = {
    {"resnet50", [] { return test::resnet50(224, 1); }, Shape{1, 3, 224, 224}},
    {"transformer", [] { return test::transformer(2, 128, 384, 12, 1); }, Shape{1, 128, 384}},
};

bool has_cpu() {
  for (const DeviceSummary& d : list_devices().devices)
    if (d.name == "cpu") return true;
  return false;
}

Session open(const Model& model, const char* device, int threads) {
  SessionOptions options;
  options.devices = {device};
  options.threads = threads;
  Result<Session> session = Session::open(model, options);
  EXPECT_TRUE(session.ok()) << to_string(session.status());
  return *std::move(session);
}

Value run_once(Session& session, const Value& input) {
  Value output;
  const Status status = session.run({&input, 1}, {&output, 1});
  EXPECT_TRUE(status.ok()) << to_string(status);
  return output;
}

class SteadyState : public testing::TestWithParam<Network> {
 protected:
  void SetUp() override {
    if (!has_cpu()) GTEST_SKIP() << "built without the CPU backend";
  }
  Value input() const { return oarlock::test::random_tensor(GetParam().input, 7); }
};

TEST_P(SteadyState, ACachedRunAllocatesNothing) {
  Session session = open(GetParam().make(), "cpu", 2);
  const Value in = input();
  Value out = run_once(session, in);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(session.run({&in, 1}, {&out, 1}).ok());
  const size_t before = oarlock::test::allocation_count();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(session.run({&in, 1}, {&out, 1}).ok());
  EXPECT_EQ(oarlock::test::allocation_count() - before, 0u);
}

TEST_P(SteadyState, BitsDoNotDependOnThreads) {
  const Model model = GetParam().make();
  const Value in = input();
  Value first;
  for (int threads : {1, 2, 3, 7}) {
    Session session = open(model, "cpu", threads);
    const Value out = run_once(session, in);
    ASSERT_TRUE(out.is_tensor());
    if (threads == 1) {
      first = out;
      continue;
    }
    ASSERT_EQ(out.tensor().bytes(), first.tensor().bytes());
    EXPECT_EQ(std::memcmp(out.tensor().data(), first.tensor().data(), first.tensor().bytes()), 0)
        << threads << " threads give other bits than one";
  }
}

TEST_P(SteadyState, CpuAgreesWithReference) {
  const Model model = GetParam().make();
  const Value in = input();
  Session cpu = open(model, "cpu", 2), reference = open(model, "reference", 1);
  const Value a = run_once(cpu, in), b = run_once(reference, in);
  ASSERT_EQ(a.tensor().shape(), b.tensor().shape());
  float largest = 0, difference = 0;
  for (int64_t i = 0; i < a.tensor().elements(); ++i) {
    largest = std::max(largest, std::abs(b.tensor().as<float>()[i]));
    difference =
        std::max(difference, std::abs(a.tensor().as<float>()[i] - b.tensor().as<float>()[i]));
  }
  EXPECT_GT(largest, 0.1f);
  EXPECT_LT(difference / largest, 1e-3f);
}

INSTANTIATE_TEST_SUITE_P(Networks, SteadyState, testing::ValuesIn(kNetworks),
                         [](const auto& info) { return std::string(info.param.name); });

// Every allocation of opening and running a small network fails once; each time there is an error
// or a result, and the next attempt succeeds.
TEST(OutOfMemory, IsAnErrorWhereverItHappens) {
  const Model model = oarlock::test::transformer(1, 4, 8, 2, 3);
  const Value in = oarlock::test::random_tensor(Shape{1, 4, 8}, 7);
  SessionOptions options;
  options.devices = {has_cpu() ? "cpu" : "reference"};
  options.threads = 1;
  auto attempt = [&]() -> Status {
    OARLOCK_ASSIGN(Session session, Session::open(model, options));
    Value out;
    return session.run({&in, 1}, {&out, 1});
  };
  ASSERT_TRUE(attempt().ok());
  const size_t before = oarlock::test::allocation_count();
  ASSERT_TRUE(attempt().ok());
  const size_t total = oarlock::test::allocation_count() - before;
  size_t failures = 0;
  const size_t step = std::max<size_t>(1, total / 400);
  for (size_t n = 1; n <= total; n += step) {
    oarlock::test::fail_allocation(n);
    const Status status = attempt();
    oarlock::test::fail_allocation(0);
    if (!status.ok()) {
      EXPECT_EQ(status.code(), Code::out_of_memory) << to_string(status);
      ++failures;
    }
  }
  EXPECT_GT(failures, 0u);
  EXPECT_TRUE(attempt().ok());
}

}  // namespace
}  // namespace oarlock
