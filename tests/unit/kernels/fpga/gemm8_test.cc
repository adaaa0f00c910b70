// 8-bit products, convolutions, quantizing and dequantizing against loops with exact sums and
// double precision. A result of the engine may differ by 1, and only next to the middle of two
// numbers.
#include "kernels/fpga/gemm8.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/fpga/convert.h"
#include "kernels/fpga/quantize.h"
#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {
namespace {

using Bytes = std::vector<uint8_t>;

class Gemm8 : public FpgaKernels {};

Bytes random_bytes(int count, uint32_t seed) {
  std::mt19937 generator(seed);
  Bytes bytes(static_cast<size_t>(count));
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(generator());
  return bytes;
}

int number(uint8_t byte, bool is_signed) { return is_signed ? static_cast<int8_t>(byte) : byte; }

struct Bounds {
  bool is_signed;
  int zero;
  int least() const { return is_signed ? -128 : 0; }
  int most() const { return is_signed ? 127 : 255; }
};

void expect_quantized(uint8_t actual, double exact, const Bounds& y, int index) {
  const double middle = std::abs(exact - std::floor(exact) - 0.5);
  const double wanted = std::clamp<double>(std::nearbyint(exact) + y.zero, y.least(), y.most());
  const double error = std::abs(number(actual, y.is_signed) - wanted);
  ASSERT_LE(error, middle < 1e-4 ? 1 : 0) << "element " << index << ", exactly " << exact;
}

// Words that products and convolutions share.
std::vector<int> common(bool a_signed, int a_zero, bool b_signed, int b_zero, const Bounds& y) {
  std::vector<int> p(GEMM8_WORDS, 0);
  p[GEMM8_A_SIGNED] = a_signed;
  p[GEMM8_A_ZERO] = a_zero;
  p[GEMM8_B_SIGNED] = b_signed;
  p[GEMM8_B_ZERO] = b_zero;
  p[GEMM8_Y_ZERO] = y.zero;
  p[GEMM8_Y_LEAST] = y.least();
  p[GEMM8_Y_MOST] = y.most();
  return p;
}

TEST_P(Gemm8, Products) {
  int index = 0;
  for (const auto& [m, n, k] : {std::array{1, 1, 1},
                                {1, 33, 7},
                                {2, 64, 65},
                                {33, 5, 97},
                                {4, 32, 4},
                                {31, 31, 3},
                                {13, 100, 9},
                                {65, 64, 33},
                                {8, 129, 32},
                                {64, 64, 64},
                                {40, 50, 333}}) {
    SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k);
    const bool a_signed = index % 2 == 0, b_signed = index % 3 == 0, by_column = index % 2 == 1;
    const int a_zero = a_signed ? -7 : 131, b_zero = b_signed ? 0 : 17, batch = 1 + index % 2;
    const Bounds to{index % 4 < 2, index % 4 < 2 ? 3 : 120};
    ++index;
    std::vector<int> p = common(a_signed, a_zero, b_signed, b_zero, to);
    p[GEMM_BATCH] = batch;
    p[GEMM_GROUPS] = 1;
    p[GEMM_M] = m;
    p[GEMM_N] = n;
    p[GEMM_K] = k;
    p[GEMM_A_ROW] = k;
    p[GEMM_A_COLUMN] = 1;
    p[GEMM_A_BATCH] = m * k;
    p[GEMM_B_ROW] = n;
    p[GEMM_B_COLUMN] = 1;
    p[GEMM_B_BATCH] = k * n;
    p[GEMM_Y_BATCH] = m * n;
    p[by_column ? GEMM8_SCALE_COLUMN : GEMM8_SCALE_ROW] = 1;
    const Bytes a = random_bytes(batch * m * k, 1), b = random_bytes(batch * k * n, 2);
    std::vector<float> scale;
    for (int i = 0; i < (by_column ? n : m); ++i)
      scale.push_back(0.5f / static_cast<float>((1 + i % 7) * 40) / std::sqrt(float(k)));
    Bytes y(static_cast<size_t>(batch * m * n));
    run_mixed("oarlock_gemm8", y, p, a, b, std::vector<int>(), scale);
    for (int i = 0; i < batch * m * n; ++i) {
      const int matrix = i / (m * n), row = i / n % m, column = i % n;
      int64_t sum = 0;
      for (int j = 0; j < k; ++j)
        sum += int64_t{number(a[(matrix * m + row) * k + j], a_signed) - a_zero} *
               (number(b[(matrix * k + j) * n + column], b_signed) - b_zero);
      expect_quantized(y[i], double(sum) * scale[by_column ? column : row], to, i);
    }
  }
}

struct Convolution {
  int in, out, height, width, kernel_y, kernel_x, stride, pad, dilation = 1, groups = 1, batch = 1;
};

TEST_P(Gemm8, Convolutions) {
  const Convolution cases[] = {
      {1, 1, 1, 1, 1, 1, 1, 0},          {3, 5, 7, 9, 1, 1, 1, 0},
      {3, 5, 7, 9, 3, 3, 1, 1},          {3, 33, 8, 9, 3, 3, 2, 1},
      {4, 6, 11, 13, 5, 3, 1, 2},        {4, 6, 12, 13, 3, 5, 2, 2},
      {3, 16, 23, 21, 7, 7, 2, 3},       {8, 12, 9, 9, 3, 3, 1, 2, 2},
      {8, 12, 9, 9, 3, 3, 1, 1, 1, 2},   {12, 12, 5, 6, 3, 3, 1, 1, 1, 12},
      {6, 9, 5, 6, 1, 1, 1, 0, 1, 3, 2}, {2, 3, 10, 10, 2, 2, 3, 0, 1, 1, 3},
      {5, 7, 1, 19, 1, 3, 1, 0},         {5, 7, 1, 20, 1, 4, 2, 0, 3},
      {40, 34, 6, 7, 3, 3, 1, 1},        {64, 1, 3, 3, 3, 3, 1, 0},
      {17, 65, 9, 8, 1, 1, 2, 0},        {9, 4, 14, 14, 3, 3, 1, 1, 1, 1, 2},
      {33, 32, 8, 8, 1, 1, 1, 0},        {2, 2, 3, 3, 5, 5, 1, 2},
      {7, 8, 5, 31, 3, 1, 1, 0}};
  static_assert(std::size(cases) >= 20);
  for (const Convolution& c : cases) {
    const int index = static_cast<int>(&c - cases);
    SCOPED_TRACE(testing::Message() << "case " << index);
    const int pad_y = std::min(c.pad, (c.kernel_y - 1) * c.dilation);
    const int out_y = (c.height + 2 * pad_y - (c.kernel_y - 1) * c.dilation - 1) / c.stride + 1;
    const int out_x = (c.width + 2 * c.pad - (c.kernel_x - 1) * c.dilation - 1) / c.stride + 1;
    const int group_in = c.in / c.groups, group_out = c.out / c.groups;
    const int taps = c.kernel_y * c.kernel_x, pixels = out_y * out_x, depth = group_in * taps;
    const int in_pixels = c.height * c.width;
    const bool w_signed = index % 2 == 0, x_signed = index % 3 == 0;
    const int w_zero = w_signed ? 0 : 128, x_zero = x_signed ? -20 : 99;
    const Bounds to{index % 4 < 2, index % 4 < 2 ? -128 : 0};
    std::vector<int> p = common(w_signed, w_zero, x_signed, x_zero, to);
    p[GEMM_BATCH] = c.batch;
    p[GEMM_GROUPS] = c.groups;
    p[GEMM_M] = group_out;
    p[GEMM_N] = pixels;
    p[GEMM_K] = depth;
    p[GEMM_A_ROW] = depth;
    p[GEMM_A_COLUMN] = 1;
    p[GEMM_A_GROUP] = group_out * depth;
    p[GEMM_B_BATCH] = c.in * in_pixels;
    p[GEMM_B_GROUP] = group_in * in_pixels;
    p[GEMM_BIAS] = p[GEMM_BIAS_ROW] = 1;
    p[GEMM_BIAS_GROUP] = group_out;
    p[GEMM_Y_BATCH] = c.out * pixels;
    p[GEMM_Y_GROUP] = group_out * pixels;
    p[GEMM_IMAGE] = 1;
    p[GEMM_IN_Y] = c.height;
    p[GEMM_IN_X] = c.width;
    p[GEMM_OUT_X] = out_x;
    p[GEMM_KERNEL_Y] = c.kernel_y;
    p[GEMM_KERNEL_X] = c.kernel_x;
    p[GEMM_STRIDE_Y] = p[GEMM_STRIDE_X] = c.stride;
    p[GEMM_DILATION_Y] = p[GEMM_DILATION_X] = c.dilation;
    p[GEMM_PAD_Y] = pad_y;
    p[GEMM_PAD_X] = c.pad;
    p[GEMM8_SCALE_ROW] = 1;
    p[GEMM8_SCALE_GROUP] = group_out;
    const Bytes x = random_bytes(c.batch * c.in * in_pixels, 5);
    const Bytes w = random_bytes(c.out * depth, 6);
    std::vector<int> bias;
    std::vector<float> scale;
    for (int o = 0; o < c.out; ++o) {
      bias.push_back(o * 997 % 9001 - 4500);
      scale.push_back(0.01f / static_cast<float>(1 + o % 5) / std::sqrt(float(depth)));
    }
    Bytes y(static_cast<size_t>(c.batch * c.out * pixels));
    run_mixed("oarlock_gemm8", y, p, w, x, bias, scale);
    for (int i = 0; i < static_cast<int>(y.size()); ++i) {
      const int ox = i % out_x, oy = i / out_x % out_y, o = i / pixels % c.out;
      const int batch = i / pixels / c.out;
      int64_t sum = bias[o];
      for (int ch = 0; ch < group_in; ++ch)
        for (int ky = 0; ky < c.kernel_y; ++ky)
          for (int kx = 0; kx < c.kernel_x; ++kx) {
            const int iy = oy * c.stride - pad_y + ky * c.dilation;
            const int ix = ox * c.stride - c.pad + kx * c.dilation;
            if (iy < 0 || iy >= c.height || ix < 0 || ix >= c.width) continue;
            const int channel = o / group_out * group_in + ch;
            sum += int64_t{number(x[((batch * c.in + channel) * c.height + iy) * c.width + ix],
                                  x_signed) -
                           x_zero} *
                   (number(w[((o * group_in + ch) * c.kernel_y + ky) * c.kernel_x + kx], w_signed) -
                    w_zero);
          }
      expect_quantized(y[i], double(sum) * scale[o], to, i);
    }
  }
}

TEST_P(Gemm8, QuantizesAndDequantizes) {
  for (const int channels : {1, 2, 3, 5, 16})
    for (const int inner : {1, 3, 8, 17})
      for (const bool is_signed : {false, true}) {
        SCOPED_TRACE(testing::Message() << channels << " x " << inner);
        std::vector<float> scales, x;
        for (int i = 0; i < channels; ++i) {
          scales.push_back(0.03f * static_cast<float>(i + 1));
          scales.push_back(static_cast<float>(is_signed ? i - 3 : 100 + i));
        }
        const int count = 2 * channels * inner;
        for (int i = 0; i < count; ++i) x.push_back(0.37f * static_cast<float>(i * 31 % 97 - 48));
        const Bounds to{is_signed, 0};
        Bytes y(x.size());
        run_mixed("oarlock_quantize", y, {count, inner, channels, to.least(), to.most()}, x,
                  scales);
        std::vector<float> back(x.size());
        run_mixed("oarlock_convert", back, {count, is_signed, channels, inner}, y, scales);
        for (int i = 0; i < count; ++i) {
          const int channel = i / inner % channels;
          const float scale = scales[2 * channel], zero = scales[2 * channel + 1];
          const int wanted = static_cast<int>(std::clamp<float>(
              std::nearbyint(x[i] / scale) + zero, float(to.least()), float(to.most())));
          ASSERT_EQ(number(y[i], is_signed), wanted) << "element " << i;
          ASSERT_EQ(back[i], (static_cast<float>(wanted) - zero) * scale) << "element " << i;
        }
      }
  // What is no number, and what is beyond all.
  Bytes y(3);
  run_mixed("oarlock_quantize", y, {3, 1, 1, -128, 127}, std::vector<float>{NAN, -INFINITY, 1e30f},
            std::vector<float>{0.1f, 0.0f});
  EXPECT_EQ(y, (Bytes{128, 128, 127}));
}

OARLOCK_HOST_AND_OPENCL(Gemm8);

}  // namespace
}  // namespace oarlock::kernels::fpga::test
