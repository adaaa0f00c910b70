#include "kernels/cpu/normalize.h"

#include <cmath>
#include <vector>

#include "tests/unit/kernels/cpu/each_instruction_set.h"
#include "tests/unit/kernels/cpu/random_floats.h"

namespace oarlock::kernels::cpu {
namespace {

class NormalizeTest : public EachInstructionSet {};

TEST_P(NormalizeTest, LayerNorm) {
  for (int64_t width : {1, 5, 16, 100, 384, 1025})
    for (bool center : {true, false})
      for (bool with_residual : {true, false}) {
        const int64_t rows = 5;
        const auto x = random_floats(rows * width, 1, 2, 5), r = random_floats(rows * width, 2),
                   scale = random_floats(width, 3), bias = random_floats(width, 4);
        LayerNorm norm;
        norm.width = width;
        norm.scale = scale.data();
        norm.bias = bias.data();
        norm.center = center;
        std::vector<float> y(x.size()), sum(x.size());
        layer_norm(norm, x.data(), with_residual ? r.data() : nullptr, sum.data(), y.data(), 2,
                   rows);
        layer_norm(norm, x.data(), with_residual ? r.data() : nullptr, sum.data(), y.data(), 0, 2);
        for (int64_t i = 0; i < rows; ++i) {
          auto value = [&](int64_t j) {
            const size_t at = static_cast<size_t>(i * width + j);
            return double{x[at]} + (with_residual ? double{r[at]} : 0);
          };
          double mean = 0, variance = 0;
          for (int64_t j = 0; j < width; ++j) mean += value(j) / static_cast<double>(width);
          if (!center) mean = 0;
          for (int64_t j = 0; j < width; ++j)
            variance += (value(j) - mean) * (value(j) - mean) / static_cast<double>(width);
          for (int64_t j = 0; j < width; ++j) {
            const double want = (value(j) - mean) / std::sqrt(variance + 1e-5) * scale[j] + bias[j];
            ASSERT_NEAR(y[i * width + j], want, 3e-5) << width << " " << center;
            if (with_residual) {
              ASSERT_NEAR(sum[i * width + j], value(j), 1e-6);
            }
          }
        }
      }
}

TEST_P(NormalizeTest, GroupNorm) {
  const int64_t batch = 2, groups = 3, channels = 4, inner = 35;
  const int64_t size = channels * inner;
  const auto x = random_floats(batch * groups * size, 1), scale = random_floats(12, 2),
             bias = random_floats(12, 3);
  GroupNorm norm{channels, groups, inner, scale.data(), bias.data(), 1e-3f};
  std::vector<float> y(x.size());
  group_norm(norm, x.data(), y.data(), 0, batch * groups);
  for (int64_t g = 0; g < batch * groups; ++g) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < size; ++i) mean += x[g * size + i] / double(size);
    for (int64_t i = 0; i < size; ++i)
      variance += std::pow(x[g * size + i] - mean, 2) / double(size);
    for (int64_t i = 0; i < size; ++i) {
      const int64_t c = g % groups * channels + i / inner;
      const double want =
          (x[g * size + i] - mean) / std::sqrt(variance + 1e-3) * scale[c] + bias[c];
      ASSERT_NEAR(y[g * size + i], want, 1e-5);
    }
  }
}

TEST_P(NormalizeTest, ChannelAffine) {
  for (int64_t block : {1, 16, 7})
    for (auto kind : {Activation::Kind::none, Activation::Kind::relu, Activation::Kind::tanh}) {
      const int64_t blocks = 3, inner = 145, batch = 2;
      const auto x = random_floats(batch * blocks * inner * block, 1),
                 scale = random_floats(blocks * block, 2), shift = random_floats(blocks * block, 3);
      ChannelAffine affine{block, blocks, inner, scale.data(), shift.data(), {kind}};
      std::vector<float> y(x.size());
      channel_affine(affine, x.data(), y.data(), 0, 4);
      channel_affine(affine, x.data(), y.data(), 4, batch * blocks);
      for (size_t i = 0; i < x.size(); ++i) {
        const int64_t at = static_cast<int64_t>(i);
        const int64_t c = at / (inner * block) % blocks * block + at % block;
        double want = double{x[i]} * double{scale[c]} + double{shift[c]};
        if (kind == Activation::Kind::relu) want = std::max(want, 0.0);
        if (kind == Activation::Kind::tanh) want = std::tanh(want);
        ASSERT_NEAR(y[i], want, 1e-6);
      }
    }
}

OARLOCK_EACH_INSTRUCTION_SET(NormalizeTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
