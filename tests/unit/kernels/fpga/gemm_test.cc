// Products and convolutions on the engine against plain loops in double precision.
#include "kernels/fpga/gemm.h"

#include <algorithm>
#include <cmath>

#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;

Floats randoms(int64_t count, uint32_t seed) { return random_floats(count, seed); }

class Gemm : public FpgaKernels {};

struct Product {
  int m, n, k, batch = 1;
  bool a_transposed = false, b_transposed = false, bias = true, residual = false;
};

std::vector<int> parameters_of(const Product& c) {
  std::vector<int> p(GEMM_WORDS, 0);
  p[GEMM_BATCH] = c.batch;
  p[GEMM_GROUPS] = 1;
  p[GEMM_M] = c.m;
  p[GEMM_N] = c.n;
  p[GEMM_K] = c.k;
  p[GEMM_A_ROW] = c.a_transposed ? 1 : c.k;
  p[GEMM_A_COLUMN] = c.a_transposed ? c.m : 1;
  p[GEMM_A_BATCH] = c.m * c.k;
  p[GEMM_B_ROW] = c.b_transposed ? 1 : c.n;
  p[GEMM_B_COLUMN] = c.b_transposed ? c.k : 1;
  p[GEMM_B_BATCH] = c.k * c.n;
  p[GEMM_BIAS] = c.bias;
  p[GEMM_BIAS_COLUMN] = 1;
  p[GEMM_RESIDUAL] = c.residual;
  p[GEMM_Y_BATCH] = c.m * c.n;
  p[GEMM_ALPHA] = word(0.5f);
  p[GEMM_BETA] = word(2.0f);
  return p;
}

TEST_P(Gemm, Products) {
  std::vector<Product> cases;
  for (const auto& [m, n, k] : {std::array{1, 1, 1},
                                {1, 33, 7},
                                {2, 64, 65},
                                {33, 5, 97},
                                {4, 32, 4},
                                {31, 31, 3},
                                {13, 100, 9},
                                {65, 64, 33},
                                {8, 129, 32}})
    for (const bool flip : {false, true})
      cases.push_back({m, n, k, flip ? 3 : 1, flip, m % 2 == 1 || flip, k != 9, n % 2 == 1});
  cases.push_back({40, 50, 333, 1});
  cases.push_back({64, 64, 64, 2, false, false, false, true});
  for (const Product& c : cases) {
    SCOPED_TRACE(testing::Message() << c.m << " x " << c.n << " x " << c.k << " x " << c.batch);
    const Floats a = randoms(c.batch * c.m * c.k, 1), b = randoms(c.batch * c.k * c.n, 2),
                 bias = randoms(c.n, 3), residual = randoms(c.batch * c.m * c.n, 4);
    Floats y(static_cast<size_t>(c.batch * c.m * c.n));
    run<float>("oarlock_gemm",
               {a, b, c.bias ? bias : Floats(), c.residual ? residual : Floats(), Floats()}, y,
               parameters_of(c));
    for (int i = 0; i < c.batch * c.m * c.n; ++i) {
      const int batch = i / (c.m * c.n), m = i / c.n % c.m, n = i % c.n;
      double sum = 0;
      for (int k = 0; k < c.k; ++k)
        sum += double{a[batch * c.m * c.k + (c.a_transposed ? k * c.m + m : m * c.k + k)]} *
               b[batch * c.k * c.n + (c.b_transposed ? n * c.k + k : k * c.n + n)];
      sum = 0.5 * sum + (c.bias ? 2 * bias[n] : 0) + (c.residual ? residual[i] : 0);
      ASSERT_NEAR(y[i], sum, 2e-6 * std::sqrt(c.k) + 1e-6) << "element " << i;
    }
  }
}

struct Convolution {
  int in, out, height, width, kernel_y, kernel_x, stride, pad, dilation = 1, groups = 1, batch = 1;
  bool residual = false;
};

TEST_P(Gemm, Convolutions) {
  const Convolution cases[] = {{1, 1, 1, 1, 1, 1, 1, 0},
                               {3, 5, 7, 9, 1, 1, 1, 0},
                               {3, 5, 7, 9, 3, 3, 1, 1},
                               {3, 33, 8, 9, 3, 3, 2, 1},
                               {4, 6, 11, 13, 5, 3, 1, 2},
                               {4, 6, 12, 13, 3, 5, 2, 2},
                               {3, 16, 23, 21, 7, 7, 2, 3},
                               {8, 12, 9, 9, 3, 3, 1, 2, 2},
                               {8, 12, 9, 9, 3, 3, 1, 1, 1, 2},
                               {12, 12, 5, 6, 3, 3, 1, 1, 1, 12},
                               {6, 9, 5, 6, 1, 1, 1, 0, 1, 3, 2},
                               {2, 3, 10, 10, 2, 2, 3, 0, 1, 1, 3},
                               {5, 7, 1, 19, 1, 3, 1, 0},
                               {5, 7, 1, 20, 1, 4, 2, 0, 3},
                               {40, 34, 6, 7, 3, 3, 1, 1},
                               {64, 1, 3, 3, 3, 3, 1, 0},
                               {17, 65, 9, 8, 1, 1, 2, 0},
                               {9, 4, 14, 14, 3, 3, 1, 1, 1, 1, 2, true},
                               {33, 32, 8, 8, 1, 1, 1, 0, 1, 1, 1, true},
                               {2, 2, 3, 3, 5, 5, 1, 2},
                               {7, 8, 5, 31, 3, 1, 1, 0},
                               {4, 8, 4, 4, 4, 4, 4, 3, 2, 4, 2, true}};
  static_assert(std::size(cases) >= 20);
  for (const Convolution& c : cases) {
    SCOPED_TRACE(testing::Message() << "case " << &c - cases);
    const int pad_y = std::min(c.pad, (c.kernel_y - 1) * c.dilation), pad_x = c.pad;
    const int out_y = (c.height + 2 * pad_y - (c.kernel_y - 1) * c.dilation - 1) / c.stride + 1;
    const int out_x = (c.width + 2 * pad_x - (c.kernel_x - 1) * c.dilation - 1) / c.stride + 1;
    const int group_in = c.in / c.groups, group_out = c.out / c.groups;
    const int taps = c.kernel_y * c.kernel_x, pixels = out_y * out_x,
              in_pixels = c.height * c.width;
    std::vector<int> p(GEMM_WORDS, 0);
    p[GEMM_BATCH] = c.batch;
    p[GEMM_GROUPS] = c.groups;
    p[GEMM_M] = group_out;
    p[GEMM_N] = pixels;
    p[GEMM_K] = group_in * taps;
    p[GEMM_A_ROW] = group_in * taps;
    p[GEMM_A_COLUMN] = 1;
    p[GEMM_A_GROUP] = group_out * group_in * taps;
    p[GEMM_B_BATCH] = c.in * in_pixels;
    p[GEMM_B_GROUP] = group_in * in_pixels;
    p[GEMM_BIAS] = p[GEMM_BIAS_ROW] = 1;
    p[GEMM_BIAS_GROUP] = group_out;
    p[GEMM_RESIDUAL] = c.residual;
    p[GEMM_Y_BATCH] = c.out * pixels;
    p[GEMM_Y_GROUP] = group_out * pixels;
    p[GEMM_ALPHA] = p[GEMM_BETA] = word(1.0f);
    p[GEMM_IMAGE] = 1;
    p[GEMM_IN_Y] = c.height;
    p[GEMM_IN_X] = c.width;
    p[GEMM_OUT_X] = out_x;
    p[GEMM_KERNEL_Y] = c.kernel_y;
    p[GEMM_KERNEL_X] = c.kernel_x;
    p[GEMM_STRIDE_Y] = p[GEMM_STRIDE_X] = c.stride;
    p[GEMM_DILATION_Y] = p[GEMM_DILATION_X] = c.dilation;
    p[GEMM_PAD_Y] = pad_y;
    p[GEMM_PAD_X] = pad_x;
    int* const function = &p[GEMM_FUNCTION];
    function[FUNCTION_KIND] = FPGA_LEAKY;
    function[FUNCTION_ALPHA] = word(0.25f);
    const Floats x = randoms(c.batch * c.in * in_pixels, 5);
    const Floats w = randoms(c.out * group_in * taps, 6);
    const Floats bias = randoms(c.out, 7);
    const Floats residual = randoms(c.batch * c.out * pixels, 8);
    Floats y(residual.size());
    run<float>("oarlock_gemm", {w, x, bias, c.residual ? residual : Floats(), Floats()}, y, p);
    for (size_t i = 0; i < y.size(); ++i) {
      const int at = static_cast<int>(i), ox = at % out_x, oy = at / out_x % out_y;
      const int o = at / pixels % c.out, batch = at / pixels / c.out;
      double sum = bias[o] + (c.residual ? residual[i] : 0);
      for (int ch = 0; ch < group_in; ++ch)
        for (int ky = 0; ky < c.kernel_y; ++ky)
          for (int kx = 0; kx < c.kernel_x; ++kx) {
            const int iy = oy * c.stride - pad_y + ky * c.dilation;
            const int ix = ox * c.stride - pad_x + kx * c.dilation;
            if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
            const int channel = o / group_out * group_in + ch;
            sum += double{x[((batch * c.in + channel) * c.height + iy) * c.width + ix]} *
                   w[((o * group_in + ch) * c.kernel_y + ky) * c.kernel_x + kx];
          }
      ASSERT_NEAR(y[i], sum < 0 ? 0.25 * sum : sum, 3e-6 * std::sqrt(group_in * taps) + 1e-6)
          << "element " << i;
    }
  }
}

OARLOCK_HOST_AND_OPENCL(Gemm);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
