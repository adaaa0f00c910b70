// Whole networks: every node stays on the device, the answers agree with the reference device's,
// and eight threads on one session get the bits that one thread gets.
#include "tests/support/networks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "oarlock/session.h"
#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {
namespace {

Result<Session> open(const Model& model, const char* device) {
  SessionOptions options;
  options.devices = {device};
  options.strict = true;
  return Session::open(model, options);
}

Result<Tensor> run(Session& session, const Value& input) {
  Value output;
  OARLOCK_TRY(session.run({&input, 1}, {&output, 1}));
  return output.tensor();
}

void check_network(const Model& model, const Shape& shape) {
  constexpr size_t kThreads = 8, kRounds = 4;
  std::string why;
  if (!has_device(why)) GTEST_SKIP() << why;
  Result<Session> reference = open(model, "reference"), session = open(model, "opencl");
  ASSERT_TRUE(reference.ok()) << to_string(reference.status());
  ASSERT_TRUE(session.ok()) << to_string(session.status());

  std::vector<Value> inputs;
  std::vector<Tensor> expected;
  for (unsigned i = 0; i < kThreads; ++i) {
    inputs.emplace_back(test::random_tensor(shape, 100 + i));
    const Result<Tensor> alone = run(*session, inputs.back());
    ASSERT_TRUE(alone.ok()) << to_string(alone.status());
    expected.push_back(*alone);
  }
  const Result<Tensor> independent = run(*reference, inputs[0]);
  ASSERT_TRUE(independent.ok()) << to_string(independent.status());
  float largest = 0, difference = 0;
  for (size_t i = 0; i < independent->as<float>().size(); ++i) {
    const float want = independent->as<float>()[i];
    largest = std::max(largest, std::abs(want));
    difference = std::max(difference, std::abs(want - expected[0].as<float>()[i]));
  }
  EXPECT_LT(difference, 1e-3f * largest);

  test::expect_same_from_threads(*session, inputs, expected, kRounds);
}

TEST(OpenClNetworks, ResNetFromEightThreads) {
  check_network(test::resnet50(32, 1), Shape{1, 3, 32, 32});
}

TEST(OpenClNetworks, TransformerFromEightThreads) {
  check_network(test::transformer(2, 12, 48, 4, 3), Shape{1, 12, 48});
}

}  // namespace
}  // namespace oarlock::opencl
