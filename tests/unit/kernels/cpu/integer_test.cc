// Integer products and convolutions against plain loops.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "kernels/cpu/integer_conv.h"
#include "kernels/cpu/integer_product.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

std::vector<uint8_t> random_bytes(int64_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> distribution(0, 255);
  std::vector<uint8_t> bytes(static_cast<size_t>(n));
  for (uint8_t& b : bytes) b = static_cast<uint8_t>(distribution(generator));
  return bytes;
}

int32_t value(uint8_t byte, bool is_signed) {
  return is_signed ? int32_t{static_cast<int8_t>(byte)} : int32_t{byte};
}

class IntegerKernels : public EachInstructionSet {
 protected:
  void TearDown() override {
    allow_byte_dot_products(true);
    EachInstructionSet::TearDown();
  }
};

void check_product(int64_t m, int64_t n, int64_t k, bool a_signed, bool b_signed, bool turned) {
  SCOPED_TRACE(testing::Message() << m << " x " << n << " x " << k);
  const std::vector<uint8_t> a = random_bytes(m * k, 1), b = random_bytes(k * n, 2);
  const ByteMatrix right =
      turned ? ByteMatrix{b.data(), b_signed, 1, k} : ByteMatrix{b.data(), b_signed, n, 1};
  const int64_t panels = integer_panels(n), width = integer_packing().panel_width;
  std::vector<uint8_t> left_packed(static_cast<size_t>(m * integer_left_row(k)));
  std::vector<uint8_t> right_packed(static_cast<size_t>(panels * integer_panel_bytes(k)));
  std::vector<int32_t> left_sums(static_cast<size_t>(m));
  std::vector<int32_t> right_sums(static_cast<size_t>(panels * width));
  pack_integer_left({a.data(), a_signed, k, 1}, k, 0, m, left_packed.data(), left_sums.data());
  pack_integer_right(right, k, n, 0, panels, right_packed.data(), right_sums.data());
  const int32_t a_zero = a_signed ? -3 : 130, b_zero = b_signed ? 5 : 7;
  const int32_t lz = left_zero(a_signed, a_zero), rz = right_zero(b_signed, b_zero);
  std::vector<int32_t> row_add, factors;
  for (int64_t i = 0; i < m; ++i) {
    const auto at = static_cast<size_t>(i);
    row_add.push_back(rz * (static_cast<int32_t>(k) * lz - left_sums[at]));
    factors.push_back(-lz);
  }
  std::vector<int32_t> c(static_cast<size_t>(m * n), -1);
  IntegerProduct p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.left = left_packed.data();
  p.right = right_packed.data();
  p.c = c.data();
  p.c_row_stride = n;
  p.finish.row_add = row_add.data();
  p.finish.row_sum_factor = factors.data();
  p.finish.col_sum = right_sums.data();
  integer_product(p, 0, m, 0, panels);
  std::vector<int32_t> expected(c.size());
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t l = 0; l < k; ++l)
        expected[static_cast<size_t>(i * n + j)] +=
            (value(a[static_cast<size_t>(i * k + l)], a_signed) - a_zero) *
            (value(b[static_cast<size_t>(turned ? j * k + l : l * n + j)], b_signed) - b_zero);
  EXPECT_EQ(c, expected);

  p.finish.kind = IntegerFinish::Kind::int8;
  p.finish.zero = -3;
  p.finish.low = -128;
  p.finish.high = 100;
  const std::vector<float> scales(static_cast<size_t>(m), 0.0004f);
  p.finish.row_scale = scales.data();
  std::vector<int8_t> bytes(c.size());
  p.c = bytes.data();
  integer_product(p, 0, m / 2, 0, panels);
  integer_product(p, m / 2, m, 0, panels);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const float v = std::nearbyint(static_cast<float>(expected[i]) * 0.0004f) - 3;
    ASSERT_EQ(bytes[i], static_cast<int>(std::min(std::max(v, -128.0f), 100.0f))) << i;
  }
}

TEST_P(IntegerKernels, Products) {
  for (bool allowed : {true, false}) {
    allow_byte_dot_products(allowed);
    for (int kinds = 0; kinds < 8; ++kinds) {
      const bool a = (kinds & 1) != 0, b = (kinds & 2) != 0, turned = (kinds & 4) != 0;
      check_product(1, 1, 1, a, b, turned);
      check_product(1, 70, 129, a, b, turned);
      check_product(3, 33, 6, a, b, turned);
      check_product(29, 67, 45, a, b, turned);
    }
  }
}

// The most a sum of products can grow in each step.
TEST_P(IntegerKernels, Extremes) {
  for (bool allowed : {true, false}) {
    allow_byte_dot_products(allowed);
    const int64_t k = 259;
    const std::vector<uint8_t> a(k, 255), b(k, 0x80);
    std::vector<uint8_t> left(static_cast<size_t>(integer_left_row(k)));
    std::vector<uint8_t> right(static_cast<size_t>(integer_panel_bytes(k)));
    std::vector<int32_t> sums(64);
    pack_integer_left({b.data(), true, k, 1}, k, 0, 1, left.data(), sums.data());
    pack_integer_right({a.data(), false, 1, 1}, k, 1, 0, 1, right.data(), nullptr);
    int32_t c = 0;
    IntegerProduct p;
    p.m = p.n = 1;
    p.k = k;
    p.left = left.data();
    p.right = right.data();
    p.c = &c;
    p.c_row_stride = 1;
    integer_product(p, 0, 1, 0, 1);
    EXPECT_EQ(c, -128 * 255 * static_cast<int32_t>(k));
  }
}

int32_t plain_pixel(const ConvShape& s, const std::vector<uint8_t>& x, const uint8_t* w,
                    int64_t first_channel, int64_t y, int64_t px, int32_t zero) {
  int32_t sum = 0;
  for (int64_t c = 0; c < s.in_channels / s.groups; ++c)
    for (int64_t ky = 0; ky < s.kernel_height; ++ky)
      for (int64_t kx = 0; kx < s.kernel_width; ++kx, ++w) {
        const int64_t iy = y * s.stride_height - s.pad_top + ky * s.dilation_height;
        const int64_t ix = px * s.stride_width - s.pad_left + kx * s.dilation_width;
        if (iy < 0 || ix < 0 || iy >= s.in_height || ix >= s.in_width) continue;
        const int64_t at = ((first_channel + c) * s.in_height + iy) * s.in_width + ix;
        sum += (x[static_cast<size_t>(at)] - zero) * int32_t{static_cast<int8_t>(*w)};
      }
  return sum;
}

ConvShape conv_shape(int64_t channels, int64_t size, int64_t kernel, int64_t stride,
                     int64_t dilation, int64_t pad) {
  ConvShape s;
  s.in_channels = channels;
  s.in_height = size;
  s.in_width = size + 2;
  s.kernel_height = kernel;
  s.kernel_width = kernel;
  s.stride_height = s.stride_width = stride;
  s.dilation_height = s.dilation_width = dilation;
  s.pad_top = s.pad_left = pad;
  const int64_t reach = (kernel - 1) * dilation + 1;
  s.out_height = (s.in_height + 2 * pad - reach) / stride + 1;
  s.out_width = (s.in_width + 2 * pad - reach) / stride + 1;
  return s;
}

std::vector<int64_t> offsets_of(const ConvShape& s) {
  std::vector<int64_t> offsets(static_cast<size_t>(s.taps()));
  integer_tap_offsets(s, offsets.data());
  return offsets;
}

std::vector<uint8_t> padded(const ConvShape& s, const std::vector<uint8_t>& x, uint8_t zero) {
  const int64_t plane = padded_plane(s).pixels();
  std::vector<uint8_t> image(static_cast<size_t>(s.in_channels * plane + kPaddedSlack));
  for (int64_t c = 0; c < s.in_channels; ++c)
    pad_plane(s, x.data() + c * s.in_pixels(), zero, image.data() + c * plane);
  return image;
}

std::vector<uint8_t> interleaved(const ConvShape& s, const std::vector<uint8_t>& x, uint8_t zero) {
  const PaddedPlane plane = padded_plane(s);
  const int64_t planes = (s.in_channels + 3) / 4;
  std::vector<uint8_t> image(static_cast<size_t>(planes * 4 * plane.pixels() + kPaddedSlack));
  std::vector<uint8_t> row(static_cast<size_t>(4 * plane.row_pixels));
  for (int64_t i = 0; i < planes; ++i)
    pad_planes(s, x.data() + 4 * i * s.in_pixels(), std::min<int64_t>(4, s.in_channels - 4 * i),
               zero, row.data(), image.data() + 4 * i * plane.pixels());
  return image;
}

const ConvShape kShapes[] = {conv_shape(3, 9, 3, 1, 1, 1),  conv_shape(2, 17, 5, 2, 1, 2),
                             conv_shape(5, 90, 3, 1, 2, 4), conv_shape(4, 7, 1, 2, 1, 0),
                             conv_shape(7, 6, 1, 1, 1, 0),  conv_shape(1, 4, 4, 1, 1, 0),
                             conv_shape(3, 41, 3, 2, 1, 1), conv_shape(2, 36, 3, 2, 1, 1),
                             conv_shape(1, 2, 3, 2, 1, 1),  conv_shape(2, 40, 4, 2, 2, 0)};

TEST_P(IntegerKernels, Convolutions) {
  for (bool allowed : {true, false}) {
    allow_byte_dot_products(allowed);
    for (const ConvShape& s : kShapes) {
      const uint8_t zero = 77;
      const std::vector<uint8_t> x = random_bytes(s.in_channels * s.in_pixels(), 3);
      const int64_t k = integer_conv_depth(s), filter = s.in_channels * s.taps(), m = 5;
      const std::vector<uint8_t> w = random_bytes(m * filter, 4);
      const std::vector<uint8_t> image = s.is_pointwise() ? x : interleaved(s, x, zero);
      std::vector<uint8_t> left(static_cast<size_t>(m * integer_left_row(k)));
      std::vector<int32_t> sums(5), row_add(5);
      pack_integer_filters(w.data(), true, s.in_channels, s.taps(), 0, m, left.data(), sums.data());
      for (size_t i = 0; i < 5; ++i) row_add[i] = -zero * sums[i];
      const int64_t width = integer_packing().panel_width;
      const int64_t panels = integer_panels(s.out_pixels());
      std::vector<int32_t> c(static_cast<size_t>(m * s.out_pixels()));
      for (int64_t first = 0; first < panels; first += 2) {
        const int64_t last = std::min(first + 2, panels);
        std::vector<uint8_t> strip(static_cast<size_t>(2 * integer_panel_bytes(k) + 64));
        pack_integer_patches(s, offsets_of(s).data(), image.data(), false, first, last,
                             strip.data(), nullptr);
        IntegerProduct p;
        p.m = m;
        p.n = std::min(last * width, s.out_pixels()) - first * width;
        p.k = k;
        p.left = left.data();
        p.right = strip.data();
        p.c = c.data() + first * width;
        p.c_row_stride = s.out_pixels();
        p.finish.row_add = row_add.data();
        integer_product(p, 0, m, 0, last - first);
      }
      for (int64_t i = 0; i < m; ++i)
        for (int64_t p = 0; p < s.out_pixels(); ++p)
          ASSERT_EQ(
              c[static_cast<size_t>(i * s.out_pixels() + p)],
              plain_pixel(s, x, w.data() + i * filter, 0, p / s.out_width, p % s.out_width, zero));
    }
  }
}

TEST_P(IntegerKernels, Depthwise) {
  for (ConvShape s : kShapes) {
    s.groups = s.in_channels;
    const uint8_t zero = 9;
    const std::vector<uint8_t> x = random_bytes(s.in_channels * s.in_pixels(), 3);
    const std::vector<uint8_t> w = random_bytes(s.taps(), 4);
    const std::vector<uint8_t> image = padded(s, x, zero);
    std::vector<int16_t> weights;
    int32_t row_add = 0;
    for (uint8_t byte : w) {
      weights.push_back(static_cast<int8_t>(byte));
      row_add -= weights.back() * zero;
    }
    std::vector<int64_t> offsets = offsets_of(s);
    weights.resize(static_cast<size_t>(paired_taps(s)), 0);
    offsets.resize(weights.size(), 0);
    IntegerFinish finish;
    finish.row_add = &row_add;
    const int64_t channel = s.in_channels - 1;
    std::vector<int32_t> c(static_cast<size_t>(s.out_pixels()));
    integer_depthwise(s, offsets.data(), image.data() + channel * padded_plane(s).pixels(), false,
                      weights.data(), finish, c.data(), 0, s.out_height);
    for (int64_t p = 0; p < s.out_pixels(); ++p)
      ASSERT_EQ(c[static_cast<size_t>(p)],
                plain_pixel(s, x, w.data(), channel, p / s.out_width, p % s.out_width, zero));
  }
}

OARLOCK_EACH_INSTRUCTION_SET(IntegerKernels);

}  // namespace
}  // namespace oarlock::kernels::cpu
