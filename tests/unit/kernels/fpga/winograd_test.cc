// Winograd's convolution against a plain loop in double precision.
#include "kernels/fpga/winograd.h"

#include <array>
#include <cmath>

#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;

class Winograd : public FpgaKernels {};

// G g G^T for each filter and channel: [16][filters][channels].
Floats transformed(const Floats& w, int filters, int channels) {
  constexpr double kG[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  Floats u(static_cast<size_t>(16 * filters * channels));
  for (int o = 0; o < filters * channels; ++o)
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j) {
        double sum = 0;
        for (int a = 0; a < 3; ++a)
          for (int b = 0; b < 3; ++b) sum += kG[i][a] * w[9 * o + 3 * a + b] * kG[j][b];
        u[(4 * i + j) * filters * channels + o] = static_cast<float>(sum);
      }
  return u;
}

struct Case {
  int channels, filters, height, width, pad, batch = 1;
};

TEST_P(Winograd, Convolutions) {
  const Case cases[] = {{1, 1, 3, 3, 0},     {1, 1, 1, 1, 1},      {3, 5, 4, 4, 1},
                        {8, 64, 8, 8, 1},    {9, 65, 7, 9, 1},     {16, 3, 10, 6, 0},
                        {7, 70, 5, 5, 1},    {4, 4, 17, 1, 1},     {2, 2, 1, 19, 1},
                        {12, 33, 16, 16, 1}, {5, 9, 15, 17, 1, 2}, {64, 8, 6, 6, 1},
                        {3, 3, 32, 31, 1},   {1, 128, 4, 5, 1},    {31, 2, 9, 9, 0},
                        {6, 6, 3, 40, 1},    {17, 16, 12, 12, 1},  {8, 8, 2, 2, 1, 3},
                        {10, 20, 11, 13, 1}, {2, 64, 16, 17, 0},   {24, 24, 7, 7, 1}};
  static_assert(std::size(cases) >= 20);
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << "case " << &c - cases);
    const int out_y = c.height + 2 * c.pad - 2, out_x = c.width + 2 * c.pad - 2;
    const Floats x = random_floats(c.batch * c.channels * c.height * c.width, 1);
    const Floats w = random_floats(c.filters * c.channels * 9, 2);
    const Floats bias = random_floats(c.filters, 3);
    const bool has_bias = c.channels % 2 == 1;
    std::vector<int> p(WINOGRAD_WORDS, 0);
    p[WINOGRAD_BATCH] = c.batch;
    p[WINOGRAD_FILTERS] = c.filters;
    p[WINOGRAD_CHANNELS] = c.channels;
    p[WINOGRAD_IN_Y] = c.height;
    p[WINOGRAD_IN_X] = c.width;
    p[WINOGRAD_OUT_Y] = out_y;
    p[WINOGRAD_OUT_X] = out_x;
    p[WINOGRAD_PAD_Y] = p[WINOGRAD_PAD_X] = c.pad;
    p[WINOGRAD_BIAS] = has_bias;
    int* const function = &p[WINOGRAD_FUNCTION];
    function[FUNCTION_KIND] = FPGA_LEAKY;
    function[FUNCTION_ALPHA] = word(0.25f);
    Floats y(static_cast<size_t>(c.batch * c.filters * out_y * out_x));
    run<float>("oarlock_winograd",
               {x, transformed(w, c.filters, c.channels), has_bias ? bias : Floats(), Floats()}, y,
               p);
    for (int i = 0; i < static_cast<int>(y.size()); ++i) {
      const int ox = i % out_x, oy = i / out_x % out_y, o = i / (out_x * out_y) % c.filters;
      const int batch = i / (out_x * out_y) / c.filters;
      double sum = has_bias ? bias[o] : 0;
      for (int ch = 0; ch < c.channels; ++ch)
        for (int ky = 0; ky < 3; ++ky)
          for (int kx = 0; kx < 3; ++kx) {
            const int iy = oy - c.pad + ky, ix = ox - c.pad + kx;
            if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
            sum += double{x[((batch * c.channels + ch) * c.height + iy) * c.width + ix]} *
                   w[((o * c.channels + ch) * 3 + ky) * 3 + kx];
          }
      ASSERT_NEAR(y[i], sum < 0 ? 0.25 * sum : sum, 1e-5 * std::sqrt(9.0 * c.channels) + 1e-6)
          << "element " << i;
    }
  }
}

OARLOCK_HOST_AND_OPENCL(Winograd);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
