// Depthwise convolutions and pooling with line buffers against plain loops in double precision.
#include <algorithm>
#include <cmath>

#include "kernels/fpga/depthwise.h"
#include "kernels/fpga/pool.h"
#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;

class Windows : public FpgaKernels {};

struct Case {
  int planes, height, width, kernel_y, kernel_x, stride, pad, dilation = 1;
};

const Case kCases[] = {
    {1, 1, 1, 1, 1, 1, 0},    {3, 5, 7, 3, 3, 1, 1},      {2, 5, 7, 3, 3, 2, 1},
    {4, 8, 9, 5, 5, 1, 2},    {4, 8, 9, 5, 5, 2, 2},      {5, 20, 17, 3, 3, 1, 0},
    {2, 33, 31, 7, 7, 2, 3},  {2, 19, 18, 7, 3, 1, 1},    {3, 12, 11, 2, 2, 2, 0},
    {3, 13, 11, 2, 2, 2, 1},  {3, 13, 11, 3, 3, 1, 2, 2}, {1, 40, 6, 3, 3, 3, 1},
    {1, 1, 50, 1, 3, 1, 1},   {6, 1, 51, 1, 4, 3, 1},     {2, 50, 1, 3, 1, 1, 0},
    {7, 6, 6, 4, 4, 4, 2},    {2, 18, 19, 3, 2, 5, 1},    {2, 40, 5, 2, 2, 1, 0, 3},
    {3, 30, 8, 16, 3, 1, 1},  {3, 9, 130, 3, 9, 1, 0},    {8, 14, 14, 3, 3, 2, 1},
    {2, 36, 4, 4, 2, 2, 1, 5}};
static_assert(std::size(kCases) >= 20);

struct Sizes {
  int pad_y, pad_x, out_y, out_x;
};

Sizes sizes_of(const Case& c) {
  Sizes s;
  s.pad_y = c.kernel_y == 1 ? 0 : std::min(c.pad, c.kernel_y * c.dilation - 1);
  s.pad_x = c.kernel_x == 1 ? 0 : std::min(c.pad, c.kernel_x * c.dilation - 1);
  s.out_y = (c.height + 2 * s.pad_y - (c.kernel_y - 1) * c.dilation - 1) / c.stride + 1;
  s.out_x = (c.width + 2 * s.pad_x - (c.kernel_x - 1) * c.dilation - 1) / c.stride + 1;
  return s;
}

void set_window(const Case& c, int* w) {
  const Sizes s = sizes_of(c);
  w[WINDOW_IN_Y] = c.height;
  w[WINDOW_IN_X] = c.width;
  w[WINDOW_OUT_Y] = s.out_y;
  w[WINDOW_OUT_X] = s.out_x;
  w[WINDOW_KERNEL_Y] = c.kernel_y;
  w[WINDOW_KERNEL_X] = c.kernel_x;
  w[WINDOW_STRIDE_Y] = w[WINDOW_STRIDE_X] = c.stride;
  w[WINDOW_DILATION_Y] = w[WINDOW_DILATION_X] = c.dilation;
  w[WINDOW_PAD_Y] = s.pad_y;
  w[WINDOW_PAD_X] = s.pad_x;
}

// Calls f(tap, index in the plane or -1 in the padding) for the window of one output.
template <class F>
void each_tap(const Case& c, int oy, int ox, F f) {
  const Sizes s = sizes_of(c);
  for (int ky = 0; ky < c.kernel_y; ++ky)
    for (int kx = 0; kx < c.kernel_x; ++kx) {
      const int y = oy * c.stride - s.pad_y + ky * c.dilation;
      const int x = ox * c.stride - s.pad_x + kx * c.dilation;
      const bool inside = y >= 0 && y < c.height && x >= 0 && x < c.width;
      f(ky * c.kernel_x + kx, inside ? y * c.width + x : -1);
    }
}

TEST_P(Windows, DepthwiseConvolutions) {
  for (const Case& c : kCases) {
    for (const int multiplier : {1, 2}) {
      SCOPED_TRACE(testing::Message() << "case " << &c - kCases << ", multiplier " << multiplier);
      const Sizes s = sizes_of(c);
      const int batch = 2, filters = c.planes * multiplier, taps = c.kernel_y * c.kernel_x;
      const int in_pixels = c.height * c.width, pixels = s.out_y * s.out_x;
      const Floats x = random_floats(batch * c.planes * in_pixels, 1);
      const Floats w = random_floats(filters * taps, 2), bias = random_floats(filters, 3);
      const Floats residual = random_floats(batch * filters * pixels, 4);
      std::vector<int> p(DEPTHWISE_WORDS, 0);
      p[DEPTHWISE_BATCH] = batch;
      p[DEPTHWISE_FILTERS] = filters;
      p[DEPTHWISE_MULTIPLIER] = multiplier;
      p[DEPTHWISE_BIAS] = multiplier;
      p[DEPTHWISE_RESIDUAL] = multiplier == 2;
      int* const function = &p[DEPTHWISE_FUNCTION];
      function[FUNCTION_KIND] = FPGA_CLIP;
      function[FUNCTION_ALPHA] = word(0);
      function[FUNCTION_BETA] = word(1.5f);
      set_window(c, &p[DEPTHWISE_WINDOW]);
      Floats y(residual.size());
      run<float>("oarlock_depthwise", {x, w, bias, residual, Floats()}, y, p);
      for (int i = 0; i < batch * filters * pixels; ++i) {
        const int filter = i / pixels % filters, plane = i / pixels / multiplier;
        double sum = bias[filter] + (multiplier == 2 ? residual[i] : 0);
        each_tap(c, i / s.out_x % s.out_y, i % s.out_x, [&](int tap, int at) {
          if (at >= 0) sum += double{x[plane * in_pixels + at]} * w[filter * taps + tap];
        });
        ASSERT_NEAR(y[i], std::clamp(sum, 0.0, 1.5), 1e-5) << "element " << i;
      }
    }
  }
}

TEST_P(Windows, Pools) {
  for (const Case& c : kCases) {
    for (const int kind : {POOL_MAX, POOL_AVERAGE, POOL_AVERAGE_WITH_PADDING}) {
      SCOPED_TRACE(testing::Message() << "case " << &c - kCases << ", kind " << kind);
      const Sizes s = sizes_of(c);
      const int in_pixels = c.height * c.width, pixels = s.out_y * s.out_x;
      const Floats x = random_floats(c.planes * in_pixels, 1);
      std::vector<int> p(POOL_WORDS, 0);
      p[POOL_KIND] = kind;
      p[POOL_PLANES] = c.planes;
      p[POOL_PAD_END_Y] = s.pad_y;
      p[POOL_PAD_END_X] = s.pad_x;
      set_window(c, &p[POOL_WINDOW]);
      Floats y(static_cast<size_t>(c.planes * pixels));
      run<float>("oarlock_pool", {x}, y, p);
      for (int i = 0; i < c.planes * pixels; ++i) {
        double sum = 0, most = -INFINITY, inside = 0;
        each_tap(c, i / s.out_x % s.out_y, i % s.out_x, [&](int, int at) {
          if (at < 0) return;
          const double value = x[i / pixels * in_pixels + at];
          sum += value;
          most = std::max(most, value);
          ++inside;
        });
        const double count = kind == POOL_AVERAGE ? inside : c.kernel_y * c.kernel_x;
        const double expected = kind == POOL_MAX ? most : sum / std::max(count, 1.0);
        if (std::isinf(expected)) {
          ASSERT_EQ(y[i], expected);
        } else {
          ASSERT_NEAR(y[i], expected, 1e-6) << "element " << i;
        }
      }
    }
  }
}

TEST_P(Windows, WholePlanes) {
  for (const int planes : {1, 2, 3, 5, 17}) {
    for (const int pixels : {1, 2, 7, 8, 49, 1001}) {
      const Floats x = random_floats(planes * pixels, 1);
      std::vector<int> p(POOL_WORDS, 0);
      p[POOL_PLANES] = planes;
      p[POOL_GLOBAL] = 1;
      int* const window = &p[POOL_WINDOW];
      window[WINDOW_IN_Y] = pixels;
      window[WINDOW_IN_X] = 1;
      Floats most(static_cast<size_t>(planes)), mean(most);
      p[POOL_KIND] = POOL_MAX;
      run<float>("oarlock_pool", {x}, most, p);
      p[POOL_KIND] = POOL_AVERAGE;
      run<float>("oarlock_pool", {x}, mean, p);
      for (int i = 0; i < planes; ++i) {
        const auto begin = x.begin() + i * pixels;
        double sum = 0;
        for (int j = 0; j < pixels; ++j) sum += begin[j];
        ASSERT_EQ(most[i], *std::max_element(begin, begin + pixels));
        ASSERT_NEAR(mean[i], sum / pixels, 1e-6);
      }
    }
  }
}

OARLOCK_HOST_AND_OPENCL(Windows);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
