// Chains of kernels joined by streams, convolution, function and pooling, against plain loops in
// double precision.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "kernels/fpga/stream_function.h"
#include "kernels/fpga/stream_gemm.h"
#include "kernels/fpga/stream_pool.h"
#include "tests/unit/kernels/cpu/random_floats.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Floats = std::vector<float>;

class Streams : public FpgaKernels {};

// A window over one axis.
struct Axis {
  int kernel, stride = 1, pad = 0, dilation = 1;
  int out(int in) const { return (in + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1; }
};

struct Case {
  int batch, groups, in, out, height, width;
  Axis y, x;  // of the convolution
  Axis pool_y, pool_x;
};

const Case kCases[] = {{1, 1, 1, 1, 1, 1, {1}, {1}, {1}, {1}},
                       {1, 1, 3, 5, 7, 9, {3, 2, 1}, {3, 2, 1}, {3, 2}, {3, 2}},
                       {1, 1, 3, 64, 19, 23, {7, 2, 3}, {7, 2, 3}, {3, 2, 1}, {3, 2, 1}},
                       {2, 1, 3, 65, 12, 11, {3, 2}, {3, 2}, {3, 2}, {3, 2}},
                       {1, 1, 2, 130, 9, 8, {3, 1, 1}, {3, 1, 1}, {2, 2}, {2, 2}},
                       {2, 2, 4, 6, 8, 9, {3, 1, 1}, {3, 1, 1}, {2, 1}, {3, 1, 1}},
                       {1, 3, 6, 9, 5, 6, {1}, {1}, {4, 1, 2}, {4, 1, 2}},
                       {3, 1, 2, 3, 10, 10, {2, 3}, {2, 3}, {2, 1}, {2, 1}},
                       {1, 1, 5, 7, 1, 19, {1}, {3}, {1}, {4, 3, 1}},
                       {1, 1, 5, 7, 20, 1, {4, 1, 2}, {1}, {3, 1, 1}, {1}},
                       {1, 1, 8, 12, 9, 9, {3, 1, 2, 2}, {3, 1, 2, 2}, {2, 2, 0, 2}, {2, 2, 0, 2}},
                       {1, 1, 33, 4, 6, 7, {3, 1, 1}, {3, 1, 1}, {1, 3}, {1, 2}},
                       {1, 1, 3, 16, 30, 31, {5, 1, 2}, {5, 1, 2}, {2, 5}, {2, 5}},
                       {2, 1, 17, 33, 4, 5, {1}, {1}, {3, 1}, {5, 1, 2}},
                       {1, 1, 4, 66, 3, 70, {1}, {1}, {3, 1, 1}, {9, 4, 3}},
                       {1, 12, 12, 12, 5, 6, {3, 1, 1}, {3, 1, 1}, {2, 2}, {2, 2}},
                       {1, 1, 2, 2, 3, 3, {5, 1, 2}, {5, 1, 2}, {3, 3}, {3, 3}},
                       {1, 1, 1, 3, 5, 256, {1}, {1}, {2, 2}, {2, 2}},
                       {4, 1, 3, 1, 6, 6, {3}, {3}, {4, 4}, {4, 4}},
                       {1, 1, 70, 90, 5, 6, {1}, {1}, {2, 1, 1}, {2, 1, 1}},
                       {1, 1, 3, 8, 13, 13, {3, 2, 1}, {3, 1}, {3, 2, 2}, {3, 2, 2}},
                       {2, 2, 2, 128, 6, 11, {2, 1, 1}, {3, 1, 1}, {3, 3}, {2, 1}}};
static_assert(std::size(kCases) >= 20);

std::vector<int> convolution_of(const Case& c) {
  const int taps = c.y.kernel * c.x.kernel, group_in = c.in / c.groups,
            group_out = c.out / c.groups;
  const int pixels = c.y.out(c.height) * c.x.out(c.width);
  std::vector<int> p(GEMM_WORDS, 0);
  p[GEMM_BATCH] = c.batch;
  p[GEMM_GROUPS] = c.groups;
  p[GEMM_M] = group_out;
  p[GEMM_N] = pixels;
  p[GEMM_K] = p[GEMM_A_ROW] = group_in * taps;
  p[GEMM_A_COLUMN] = 1;
  p[GEMM_A_GROUP] = group_out * group_in * taps;
  p[GEMM_B_BATCH] = c.in * c.height * c.width;
  p[GEMM_B_GROUP] = group_in * c.height * c.width;
  p[GEMM_BIAS] = p[GEMM_BIAS_ROW] = c.out % 2;
  p[GEMM_BIAS_GROUP] = group_out;
  p[GEMM_ALPHA] = p[GEMM_BETA] = word(1.0f);
  p[GEMM_IMAGE] = 1;
  p[GEMM_IN_Y] = c.height;
  p[GEMM_IN_X] = c.width;
  p[GEMM_OUT_X] = c.x.out(c.width);
  p[GEMM_KERNEL_Y] = c.y.kernel;
  p[GEMM_KERNEL_X] = c.x.kernel;
  p[GEMM_STRIDE_Y] = c.y.stride;
  p[GEMM_STRIDE_X] = c.x.stride;
  p[GEMM_DILATION_Y] = c.y.dilation;
  p[GEMM_DILATION_X] = c.x.dilation;
  p[GEMM_PAD_Y] = c.y.pad;
  p[GEMM_PAD_X] = c.x.pad;
  return p;
}

std::vector<int> pool_of(const Case& c, int kind) {
  const int height = c.y.out(c.height), width = c.x.out(c.width);
  std::vector<int> p(STREAM_POOL_WORDS, 0);
  p[STREAM_POOL_MATRICES] = c.batch * c.groups;
  p[STREAM_POOL_CHANNELS] = c.out / c.groups;
  int* const pool = &p[STREAM_POOL];
  pool[POOL_KIND] = kind;
  pool[POOL_PAD_END_Y] = c.pool_y.pad;
  pool[POOL_PAD_END_X] = c.pool_x.pad;
  int* const w = pool + POOL_WINDOW;
  w[WINDOW_IN_Y] = height;
  w[WINDOW_IN_X] = width;
  w[WINDOW_OUT_Y] = c.pool_y.out(height);
  w[WINDOW_OUT_X] = c.pool_x.out(width);
  w[WINDOW_KERNEL_Y] = c.pool_y.kernel;
  w[WINDOW_KERNEL_X] = c.pool_x.kernel;
  w[WINDOW_STRIDE_Y] = c.pool_y.stride;
  w[WINDOW_STRIDE_X] = c.pool_x.stride;
  w[WINDOW_DILATION_Y] = c.pool_y.dilation;
  w[WINDOW_DILATION_X] = c.pool_x.dilation;
  w[WINDOW_PAD_Y] = c.pool_y.pad;
  w[WINDOW_PAD_X] = c.pool_x.pad;
  return p;
}

// Calls f(tap, index in the plane) for the elements of a window that lie in the image.
template <class F>
void each_tap(const Axis& y, const Axis& x, int height, int width, int oy, int ox, F f) {
  for (int ky = 0; ky < y.kernel; ++ky)
    for (int kx = 0; kx < x.kernel; ++kx) {
      const int iy = oy * y.stride - y.pad + ky * y.dilation;
      const int ix = ox * x.stride - x.pad + kx * x.dilation;
      if (iy >= 0 && iy < height && ix >= 0 && ix < width) f(ky * x.kernel + kx, iy * width + ix);
    }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// The convolution and its function, every value of it.
std::vector<double> between(const Case& c, const Floats& image, const Floats& weights,
                            const Floats& bias, bool tabulated) {
  const int height = c.y.out(c.height), width = c.x.out(c.width), taps = c.y.kernel * c.x.kernel;
  const int group_in = c.in / c.groups, group_out = c.out / c.groups;
  std::vector<double> values;
  for (int at = 0; at < c.batch * c.out * height * width; ++at) {
    const int channel = at / (height * width) % c.out, n = at / (height * width) / c.out;
    double sum = c.out % 2 == 1 ? bias[channel] : 0;
    for (int i = 0; i < group_in; ++i) {
      const int plane = (n * c.in + channel / group_out * group_in + i) * c.height * c.width;
      each_tap(
          c.y, c.x, c.height, c.width, at / width % height, at % width, [&](int tap, int pixel) {
            sum += double{image[plane + pixel]} * weights[(channel * group_in + i) * taps + tap];
          });
    }
    values.push_back(tabulated ? sigmoid(sum) : std::max(sum, 0.0));
  }
  return values;
}

TEST_P(Streams, ConvolutionFunctionPooling) {
  for (const Case& c : kCases) {
    const auto index = &c - kCases;
    const bool with_table = index % 2 == 1;
    const int height = c.y.out(c.height), width = c.x.out(c.width);
    const int out_y = c.pool_y.out(height), out_x = c.pool_x.out(width);
    const int taps = c.y.kernel * c.x.kernel, count = c.batch * c.out * height * width;
    const Floats image = random_floats(c.batch * c.in * c.height * c.width, 1);
    const Floats weights = random_floats(c.out * c.in / c.groups * taps, 2);
    const Floats bias = random_floats(c.out, 3);
    std::vector<int> function(STREAM_FUNCTION_WORDS, 0);
    function[STREAM_FUNCTION_COUNT] = count;
    int* const f = &function[STREAM_FUNCTION];
    f[FUNCTION_KIND] = with_table ? FPGA_TABULATED : FPGA_CLIP;
    f[FUNCTION_BETA] = word(1e30f);
    f[FUNCTION_LOW] = word(-16);
    f[FUNCTION_SCALE] = word(FPGA_TABLE / 32.0f);
    const std::vector<double> values = between(c, image, weights, bias, with_table);
    for (const int kind : {POOL_MAX, POOL_AVERAGE, POOL_AVERAGE_WITH_PADDING}) {
      SCOPED_TRACE(testing::Message() << "case " << index << ", kind " << kind);
      const std::vector<int> pool = pool_of(c, kind);
      Stage stages[] = {
          {"oarlock_stream_gemm", {weights, image, bias}, convolution_of(c), {0}},
          {"oarlock_stream_function",
           {with_table ? tabulated(sigmoid, -16, 16) : Floats()},
           function,
           {0, 1}},
          {"oarlock_stream_pool", {Floats(c.batch * c.out * out_y * out_x)}, pool, {1}}};
      run_chain(stages, 2, static_cast<size_t>(count));
      const Floats& y = stages[2].tensors[0];
      for (int at = 0; at < static_cast<int>(y.size()); ++at) {
        const int plane = at / (out_y * out_x) * height * width;
        double sum = 0, most = -INFINITY;
        int inside = 0;
        each_tap(c.pool_y, c.pool_x, height, width, at / out_x % out_y, at % out_x,
                 [&](int, int pixel) {
                   sum += values[plane + pixel];
                   most = std::max(most, values[plane + pixel]);
                   ++inside;
                 });
        const int all = c.pool_y.kernel * c.pool_x.kernel;
        const double mean = sum / (kind == POOL_AVERAGE ? std::max(inside, 1) : all);
        ASSERT_NEAR(y[at], kind == POOL_MAX ? most : mean, 1e-5) << "element " << at;
      }
    }
  }
}

OARLOCK_HOST_AND_OPENCL(Streams);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
