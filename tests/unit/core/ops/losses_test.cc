// Losses and random operators. Expected values are ONNX Runtime's unless computed here.

#include <gmock/gmock.h>

#include <cmath>

#include "ramp.h"

namespace oarlock::test {
namespace {

TEST(NegativeLogLikelihoodLoss, None) {
  expect_tensor(run("NegativeLogLikelihoodLoss", {{"reduction", std::string("none")}},
                    {ramp({2, 3, 2}), tensor<int64_t>({2, 2}, {0, 2, 1, 0}),
                     tensor<float>({3}, {0.5f, 1, 2})}),
                tensor<float>({2, 2}, {0.625f, 1.5f, 1, -0}), 1e-05);
}

TEST(NegativeLogLikelihoodLoss, Mean) {
  expect_tensor(run("NegativeLogLikelihoodLoss", {{"reduction", std::string("mean")}},
                    {ramp({2, 3, 2}), tensor<int64_t>({2, 2}, {0, 2, 1, 0}),
                     tensor<float>({3}, {0.5f, 1, 2})}),
                tensor<float>({}, {0.78125f}), 1e-05);
}

TEST(NegativeLogLikelihoodLoss, Sum) {
  expect_tensor(run("NegativeLogLikelihoodLoss", {{"reduction", std::string("sum")}},
                    {ramp({2, 3, 2}), tensor<int64_t>({2, 2}, {0, 2, 1, 0}),
                     tensor<float>({3}, {0.5f, 1, 2})}),
                tensor<float>({}, {3.125f}), 1e-05);
}

TEST(NegativeLogLikelihoodLoss, IgnoreIndex) {
  expect_tensor(run("NegativeLogLikelihoodLoss", {{"ignore_index", int64_t{0}}},
                    {ramp({2, 3, 2}), tensor<int64_t>({2, 2}, {0, 2, 1, 0})}),
                tensor<float>({}, {0.875f}), 1e-05);
}

TEST(SoftmaxCrossEntropyLoss, WithLogProbabilities) {
  const Values results =
      run_all("SoftmaxCrossEntropyLoss", {}, {ramp({2, 3}), tensor<int64_t>({2}, {2, 0})}, 2);
  expect_tensor(results[0], tensor<float>({}, {0.92023075f}), 1e-05);
  expect_tensor(results[1],
                tensor<float>({2, 3}, {-2.1828556f, -0.4328555f, -1.4328555f, -0.40760595f,
                                       -1.4076059f, -2.407606f}),
                1e-05);
}

TEST(SoftmaxCrossEntropyLoss, NoneWeighted) {
  expect_tensor(run("SoftmaxCrossEntropyLoss",
                    {{"reduction", std::string("none")}, {"ignore_index", int64_t{-1}}},
                    {ramp({2, 3}), tensor<int64_t>({2}, {2, -1}), tensor<float>({3}, {1, 2, 3})}),
                tensor<float>({2}, {4.2985663f, -0}), 1e-05);
}

TEST(Losses, Errors) {
  EXPECT_THAT(error_of("NegativeLogLikelihoodLoss", {}, {ramp({1, 3}), integers({3})}),
              testing::HasSubstr("the class 3 at position 0; there are 3 classes"));
}

const Attrs kShape = {{"shape", std::vector<int64_t>{100, 100}}, {"seed", 1.0f}};

// Mean and variance of many numbers; the bounds are ten standard errors wide.
void expect_moments(const Tensor& x, double mean, double variance) {
  double sum = 0, squares = 0;
  for (float value : x.as<float>()) {
    sum += value;
    squares += (value - mean) * (value - mean);
  }
  EXPECT_NEAR(sum / static_cast<double>(x.elements()), mean, 0.1 * std::sqrt(variance));
  EXPECT_NEAR(squares / static_cast<double>(x.elements()), variance, 0.15 * variance);
}

TEST(Random, Moments) {
  Attrs uniform = kShape, normal = kShape;
  uniform.set("low", -1.0f);
  normal.set("mean", 3.0f);
  normal.set("scale", 2.0f);
  const Tensor u = run("RandomUniform", uniform, {});
  expect_moments(u, 0, 1.0 / 3);
  for (float value : u.as<float>()) ASSERT_TRUE(value >= -1 && value <= 1);
  expect_moments(run("RandomNormal", normal, {}), 3, 4);
  expect_moments(run("RandomNormalLike", {}, {u}), 0, 1);
}

TEST(Random, SeedsRepeatAndDiffer) {
  const Tensor a = run("RandomNormal", kShape, {});
  expect_tensor(run("RandomNormal", kShape, {}), a);
  Attrs other = kShape;
  other.set("seed", 2.0f);
  EXPECT_NE(run("RandomNormal", other, {}).as<float>()[0], a.as<float>()[0]);
  const Attrs open = {{"shape", std::vector<int64_t>{4}}};
  EXPECT_NE(run("RandomUniform", open, {}).as<float>()[0],
            run("RandomUniform", open, {}).as<float>()[0]);
}

TEST(Random, Discrete) {
  std::vector<float> probabilities(10000, 0.25f);
  const Tensor p = Tensor::of<float>({10000}, std::span<const float>(probabilities));
  const Tensor drawn = run("Bernoulli", {{"seed", 5.0f}, {"dtype", int64_t{7}}}, {p});
  int64_t ones = 0;
  for (int64_t value : drawn.as<int64_t>()) ones += value;
  EXPECT_NEAR(static_cast<double>(ones), 2500, 430);
  // Probabilities 1/4, 0, 3/4.
  const Tensor picked = run("Multinomial", {{"seed", 5.0f}, {"sample_size", int64_t{10000}}},
                            {tensor<float>({1, 3}, {0, -1000, std::log(3.0f)})});
  int64_t counts[3] = {};
  for (int32_t value : picked.as<int32_t>()) {
    ASSERT_TRUE(value >= 0 && value < 3);
    ++counts[value];
  }
  EXPECT_EQ(counts[1], 0);
  EXPECT_NEAR(static_cast<double>(counts[0]), 2500, 430);
}

}  // namespace
}  // namespace oarlock::test
