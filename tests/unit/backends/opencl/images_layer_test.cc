// Whole networks in images, on a layer that makes the device a GPU: when they are chosen, what
// stays in buffers, threads, and running out of memory.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/opencl/cl.h"
#include "oarlock/session.h"
#include "tests/support/networks.h"
#include "tests/unit/backends/opencl/layer_test.h"

namespace oarlock::opencl {
namespace {

constexpr int64_t kSize = 32;

class Images : public OnLayer {
 protected:
  void SetUp() override {
    OnLayer::SetUp();
    set("OARLOCK_LAYER_GPU", "1");
  }

  Result<Session> open(const char* device, std::map<std::string, std::string> settings = {}) {
    SessionOptions options;
    options.devices = {device};
    options.strict = true;
    options.backend_paths = {OARLOCK_OPENCL_LIBRARY};
    options.settings = std::move(settings);
    return Session::open(model, options);
  }

  static Result<Tensor> run(Session& session, const Value& input) {
    Value output;
    OARLOCK_TRY(session.run({&input, 1}, {&output, 1}));
    return output.tensor();
  }

  // Agrees with the reference device; the plan.
  Explanation check(std::map<std::string, std::string> settings = {}, double tolerance = 1e-3) {
    Result<Session> reference = open("reference"), session = open("opencl", std::move(settings));
    EXPECT_TRUE(session.ok()) << to_string(session.status());
    if (!session.ok() || !reference.ok()) return {};
    const Result<Tensor> expected = run(*reference, input), actual = run(*session, input);
    EXPECT_TRUE(actual.ok()) << to_string(actual.status());
    if (!actual.ok() || !expected.ok()) return {};
    double largest = 0, difference = 0;
    for (size_t i = 0; i < expected->as<float>().size(); ++i) {
      const double want = expected->as<float>()[i];
      largest = std::max(largest, std::fabs(want));
      difference = std::max(difference, std::fabs(want - actual->as<float>()[i]));
    }
    EXPECT_LT(difference, tolerance * largest);
    Result<Explanation> plan = session->explain();
    EXPECT_TRUE(plan.ok());
    return plan.ok() ? *std::move(plan) : Explanation{};
  }

  static size_t in_images(const Explanation& plan) {
    return static_cast<size_t>(
        std::count_if(plan.steps.begin(), plan.steps.end(), [](const PlannedStep& step) {
          return step.kernel.starts_with("image2d/") && step.op != "oarlock.Relayout";
        }));
  }

  const Model model = test::resnet50(kSize, 1);
  const Value input = test::random_tensor(Shape{1, 3, kSize, kSize}, 2);
};

TEST_F(Images, AGpuWithTheHostsMemoryKeepsNetworksInThem) {
  const Explanation plan = check();
  EXPECT_GT(in_images(plan) * 10, plan.steps.size() * 8) << to_string(plan);
  EXPECT_NE(to_string(plan).find("image2d ->"), std::string::npos);
}

TEST_F(Images, InHalfTheBytes) {
  const Explanation plan = check({{"storage", "float16"}}, 2e-2);
  EXPECT_GT(in_images(plan) * 10, plan.steps.size() * 8) << to_string(plan);
  EXPECT_LT(plan.peak_bytes, check().peak_bytes * 6 / 10);
}

TEST_F(Images, OtherDevicesAndSessionsThatWantBuffersHaveNone) {
  EXPECT_EQ(in_images(check({{"opencl.storage", "buffer"}})), 0u);
  unsetenv("OARLOCK_LAYER_GPU");
  const Explanation plan = check();
  EXPECT_EQ(in_images(plan), 0u);
  EXPECT_EQ(to_string(plan).find("image2d"), std::string::npos);
  EXPECT_GT(in_images(check({{"opencl.storage", "image"}})), 40u);
  const Result<Session> wrong = open("opencl", {{"opencl.storage", "texture"}});
  EXPECT_NE(wrong.status().message().find("the setting opencl.storage is auto or buffer or image"),
            std::string::npos)
      << to_string(wrong.status());
}

TEST_F(Images, WhatIsTooLargeForTheDeviceStaysInBuffers) {
  set("OARLOCK_LAYER_IMAGE", "600");
  const Explanation plan = check({{"opencl.storage", "image"}});
  EXPECT_GT(in_images(plan), 5u);
  EXPECT_LT(in_images(plan) * 10, plan.steps.size() * 8);
  EXPECT_NE(to_string(plan).find("texels, of which the device allows 600 x 600"), std::string::npos)
      << to_string(plan);
}

TEST_F(Images, NoMemoryForOneIsAnErrorAndTheSessionServesAgain) {
  Result<Session> session = open("opencl");
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  const TypeInfo type = TypeInfo::tensor(DType::float32, Shape{1, 3, kSize, kSize});
  ASSERT_TRUE(session->prepare({&type, 1}).ok());
  set("OARLOCK_LAYER_FAIL", concat("clCreateImage ", CL_MEM_OBJECT_ALLOCATION_FAILURE, " 1"));
  const Result<Tensor> failed = run(*session, input);
  EXPECT_EQ(failed.status().code(), Code::out_of_memory);
  EXPECT_NE(failed.status().message().find("CL_MEM_OBJECT_ALLOCATION_FAILURE"), std::string::npos);
  EXPECT_NE(failed.status().message().find("image of"), std::string::npos);
  unsetenv("OARLOCK_LAYER_FAIL");
  EXPECT_TRUE(run(*session, input).ok());
}

TEST_F(Images, EightThreadsHaveImagesOfTheirOwn) {
  constexpr size_t kThreads = 8;
  Result<Session> session = open("opencl");
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  std::vector<Value> inputs;
  std::vector<Tensor> expected;
  for (unsigned i = 0; i < kThreads; ++i) {
    inputs.emplace_back(test::random_tensor(Shape{1, 3, kSize, kSize}, 100 + i));
    const Result<Tensor> alone = run(*session, inputs.back());
    ASSERT_TRUE(alone.ok()) << to_string(alone.status());
    expected.push_back(*alone);
  }
  test::expect_same_from_threads(*session, inputs, expected, 2);
}

}  // namespace
}  // namespace oarlock::opencl
