// Random operators: the generator against its published test vectors, the distributions by their
// moments. With n numbers a mean may be off by 5 standard errors.
#include <cmath>
#include <vector>

#include "core/ops/support/philox.h"
#include "op_test.h"

namespace oarlock::test {
namespace {

constexpr int64_t kCount = 100000;

std::vector<float> floats_of(const Tensor& tensor) {
  const auto elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

void expect_moments(const std::vector<float>& x, double mean, double deviation) {
  double sum = 0, squares = 0;
  for (float v : x) sum += v;
  const double m = sum / static_cast<double>(x.size());
  for (float v : x) squares += (v - m) * (v - m);
  const double n = static_cast<double>(x.size());
  EXPECT_NEAR(m, mean, 5 * deviation / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n), deviation, 0.02 * deviation);
}

TEST(Philox, PublishedVectors) {
  // kat_vectors of Random123: counter and key zero; a key whose halves are both 0xffffffff differs.
  const std::array<uint32_t, 4> zero = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  EXPECT_EQ(ops::Philox(0).block(0), zero);
  EXPECT_NE(ops::Philox(~uint64_t{0}).block(0), zero);
}

TEST(Random, Distributions) {
  const std::vector<int64_t> shape = {kCount};
  const Attrs uniform = {{"shape", shape}, {"low", -1.0F}, {"high", 3.0F}, {"seed", 7.0F}};
  const std::vector<float> u = floats_of(run("RandomUniform", uniform, {}));
  expect_moments(u, 1, 4 / std::sqrt(12.0));
  for (float v : u) EXPECT_TRUE(v >= -1 && v <= 3);
  expect_tensor(run("RandomUniform", uniform, {}), run("RandomUniform", uniform, {}));
  const Attrs normal = {{"shape", shape}, {"mean", 2.0F}, {"scale", 0.5F}, {"seed", 8.0F}};
  const std::vector<float> n = floats_of(run("RandomNormal", normal, {}));
  expect_moments(n, 2, 0.5);
  int64_t within = 0;
  for (float v : n) within += std::abs(v - 2) < 0.5F;
  EXPECT_NEAR(static_cast<double>(within) / kCount, 0.6827, 0.01);
}

TEST(Random, WithoutSeedEachRunDiffers) {
  const Attrs attrs = {{"shape", std::vector<int64_t>{16}}};
  EXPECT_NE(floats_of(run("RandomUniform", attrs, {})), floats_of(run("RandomUniform", attrs, {})));
}

TEST(Random, BernoulliFollowsItsProbabilities) {
  std::vector<float> p(kCount, 0.3F);
  const Tensor x = Tensor::of(Shape{kCount}, std::span<const float>(p));
  expect_moments(floats_of(run("Bernoulli", {{"seed", 5.0F}}, {x})), 0.3, std::sqrt(0.21));
  expect_tensor(run("Bernoulli", {{"seed", 1.0F}}, {list<float>({0, 1, 0, 1})}),
                list<float>({0, 1, 0, 1}));
}

TEST(Random, MultinomialFollowsItsLogits) {
  const Tensor logits = tensor<float>({1, 3}, {std::log(0.2F), std::log(0.5F), std::log(0.3F)});
  const Tensor y = run("Multinomial",
                       {{"sample_size", kCount}, {"seed", 3.0F}, {"dtype", int64_t{6}}}, {logits});
  int64_t counts[3] = {};
  for (int32_t k : y.as<int32_t>()) ++counts[k];
  EXPECT_NEAR(static_cast<double>(counts[0]) / kCount, 0.2, 0.01);
  EXPECT_NEAR(static_cast<double>(counts[1]) / kCount, 0.5, 0.01);
  EXPECT_NEAR(static_cast<double>(counts[2]) / kCount, 0.3, 0.01);
}

TEST(Dropout, TrainingDropsAndScales) {
  std::vector<float> ones(kCount, 1.0F);
  const Tensor x = Tensor::of(Shape{kCount}, std::span<const float>(ones));
  const Tensor ratio = Tensor::scalar(0.25F), training = Tensor::scalar(true);
  const Attrs seeded = {{"seed", int64_t{11}}};
  const Values y = run_all("Dropout", seeded, {x, ratio, training}, 2);
  const auto mask = y[1].tensor().as<bool>();
  const std::vector<float> kept = floats_of(y[0].tensor());
  for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i], mask[i] ? 1 / 0.75F : 0);
  expect_moments(kept, 1, std::sqrt(0.25 * 0.75) / 0.75);
  expect_tensor(run("Dropout", seeded, {x, ratio, training}), y[0].tensor());
  expect_tensor(run("Dropout", seeded, {x, ratio, Tensor::scalar(false)}), x);
  EXPECT_NE(error_of("Dropout", {}, {x, Tensor::scalar(1.0F), training}).find("ratio"),
            std::string::npos);
}

}  // namespace
}  // namespace oarlock::test
