// Normalization and resizing against loops in double precision.
#include "kernels/fpga/normalize.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/fpga/resize.h"
#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;

class Normalize : public FpgaKernels {};

struct Groups {
  int groups, length, inner, scales;
};

// Layer (inner 1, a scale for each element), instance and group normalization.
constexpr Groups kGroups[] = {{1, 1, 1, 1},     {1, 7, 1, 7},   {5, 7, 1, 7},   {3, 64, 1, 64},
                              {2, 129, 1, 129}, {6, 20, 20, 3}, {6, 1, 1, 3},   {4, 40, 10, 8},
                              {2, 33, 11, 6},   {1, 96, 16, 6}, {8, 5, 5, 4},   {3, 1000, 1, 1000},
                              {10, 9, 3, 15},   {1, 2, 2, 1},   {7, 13, 13, 7}, {2, 256, 64, 8},
                              {5, 31, 1, 31},   {4, 8, 4, 4},   {1, 17, 17, 1}, {9, 6, 2, 27},
                              {16, 3, 1, 3}};
static_assert(std::size(kGroups) >= 20);

TEST_P(Normalize, Groups) {
  for (const Groups& c : kGroups)
    for (const bool center : {true, false}) {
      SCOPED_TRACE(testing::Message() << "case " << &c - kGroups << ", center " << center);
      const int count = c.groups * c.length;
      const bool bias = c.groups % 2 == 1;
      Floats x = random_floats(count, 1), y(x.size());
      for (float& v : x) v = 3 * v + 5;
      const Floats scale = random_floats(c.scales, 2), add = random_floats(c.scales, 3);
      run<float>("oarlock_normalize", {x, scale, bias ? add : Floats(), Floats(), Floats()}, y,
                 {c.groups, c.length, c.inner, c.scales, word(1e-5f), center, 0, bias});
      for (int i = 0; i < count; ++i) {
        const int group = i / c.length, channel = i / c.inner % c.scales;
        double mean = 0, squares = 0;
        for (int j = 0; j < c.length; ++j) mean += x[group * c.length + j];
        mean = center ? mean / c.length : 0;
        for (int j = 0; j < c.length; ++j) squares += std::pow(x[group * c.length + j] - mean, 2);
        const double expected =
            (x[i] - mean) / std::sqrt(squares / c.length + 1e-5) * scale[channel] +
            (bias ? add[channel] : 0);
        ASSERT_NEAR(y[i], expected, 2e-4 + 1e-4 * std::abs(expected)) << "element " << i;
      }
    }
}

TEST_P(Normalize, Batch) {
  constexpr std::array<int, 3> kShapes[] = {
      {1, 1, 1},   {2, 3, 5}, {1, 7, 64},  {3, 16, 9},  {2, 5, 100}, {1, 1, 17},   {4, 1, 1},
      {1, 33, 1},  {5, 2, 3}, {1, 64, 49}, {2, 65, 1},  {7, 3, 11},  {1, 2, 513},  {3, 13, 13},
      {1, 129, 2}, {6, 5, 4}, {2, 1, 31},  {1, 19, 27}, {9, 4, 1},   {1, 3, 1000}, {2, 24, 15}};
  static_assert(std::size(kShapes) >= 20);
  for (const auto& [batch, channels, pixels] : kShapes) {
    SCOPED_TRACE(testing::Message() << batch << " x " << channels << " x " << pixels);
    const int count = batch * channels * pixels;
    const Floats x = random_floats(count, 1), scale = random_floats(channels, 2),
                 bias = random_floats(channels, 3), mean = random_floats(channels, 4);
    Floats variance = random_floats(channels, 5), y(x.size());
    for (float& v : variance) v = v * v + 0.1f;
    run<float>("oarlock_normalize", {x, scale, bias, mean, variance}, y,
               {1, count, pixels, channels, word(1e-3f), 1, 1, 1});
    for (int i = 0; i < count; ++i) {
      const int c = i / pixels % channels;
      const double expected =
          (double{x[i]} - mean[c]) / std::sqrt(double{variance[c]} + 1e-3) * scale[c] + bias[c];
      ASSERT_NEAR(y[i], expected, 1e-5) << "element " << i;
    }
  }
}

// Tables by the half-pixel rule.
Floats taps(int in, int out, bool nearest) {
  Floats table;
  for (int i = 0; i < out; ++i) {
    const double at = std::clamp((i + 0.5) * in / out - 0.5, 0.0, in - 1.0);
    const double low = nearest ? std::floor(at + 0.5) : std::floor(at);
    table.push_back(static_cast<float>(low));
    table.push_back(static_cast<float>(nearest ? low : std::min(low + 1, in - 1.0)));
    table.push_back(static_cast<float>(nearest ? 0 : at - low));
  }
  return table;
}

TEST_P(Normalize, Resizes) {
  int cases = 0;
  for (const auto& [planes, in_y, in_x] :
       {std::array{1, 1, 1}, {2, 3, 5}, {3, 7, 4}, {1, 16, 16}, {5, 1, 9}, {2, 10, 3}})
    for (const auto& [out_y, out_x] : {std::array{1, 1}, {6, 10}, {5, 3}, {17, 33}})
      for (const bool nearest : {true, false}) {
        ++cases;
        const Floats x = random_floats(planes * in_y * in_x, 1);
        const Floats rows = taps(in_y, out_y, nearest), columns = taps(in_x, out_x, nearest);
        Floats y(static_cast<size_t>(planes * out_y * out_x));
        run<float>("oarlock_resize", {x, rows, columns}, y, {planes, in_y, in_x, out_y, out_x});
        for (int i = 0; i < static_cast<int>(y.size()); ++i) {
          const int plane = i / (out_y * out_x);
          const float *r = &rows[3 * (i / out_x % out_y)], *c = &columns[3 * (i % out_x)];
          double expected = 0;
          for (const int dy : {0, 1})
            for (const int dx : {0, 1})
              expected += (dy == 1 ? r[2] : 1 - r[2]) * double{dx == 1 ? c[2] : 1 - c[2]} *
                          x[(plane * in_y + int(r[dy])) * in_x + int(c[dx])];
          ASSERT_NEAR(y[i], expected, 1e-6) << "element " << i;
        }
      }
  EXPECT_GE(cases, 20);
}

OARLOCK_HOST_AND_OPENCL(Normalize);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
