#include "kernels/cpu/pool.h"

#include <limits>

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

std::vector<double> pool_reference(PoolKind kind, const ConvShape& s, PoolPadding padding,
                                   const std::vector<float>& input) {
  std::vector<double> output(s.in_channels * s.out_pixels());
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t y = 0; y < s.out_height; ++y) {
      for (int64_t x = 0; x < s.out_width; ++x) {
        double sum = 0, best = std::numeric_limits<float>::lowest();
        int64_t inside = 0, padded = 0;
        for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
          for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
            const int64_t iy = y * s.stride_height - s.pad_top + ky * s.dilation_height;
            const int64_t ix = x * s.stride_width - s.pad_left + kx * s.dilation_width;
            if (iy < s.in_height + padding.bottom && ix < s.in_width + padding.right) ++padded;
            if (iy < 0 || iy >= s.in_height || ix < 0 || ix >= s.in_width) continue;
            const double v = input[(c * s.in_height + iy) * s.in_width + ix];
            sum += v;
            best = std::max(best, v);
            ++inside;
          }
        }
        double& out = output[(c * s.out_height + y) * s.out_width + x];
        if (kind == PoolKind::max) {
          out = best;
        } else {
          const int64_t count = kind == PoolKind::average ? inside : padded;
          out = sum / static_cast<double>(std::max<int64_t>(count, 1));
        }
      }
    }
  }
  return output;
}

class PoolTest : public EachInstructionSet {
 protected:
  static void check(PoolKind kind, ConvShape s, PoolPadding padding) {
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
    const auto blocked = reference::to_blocked(input, s.in_channels, s.in_pixels());
    std::vector<float> output(s.in_blocks() * s.out_pixels() * 16, NAN);
    const int64_t rows = s.in_blocks() * s.out_height, cut = rows / 3;
    pool(kind, s, padding, blocked.data(), output.data(), {0, cut});
    pool(kind, s, padding, blocked.data(), output.data(), {cut, rows});
    const auto got = reference::from_blocked(output, s.in_channels, s.out_pixels());
    EXPECT_LT(reference::scaled_error(got, pool_reference(kind, s, padding, input)), 1e-6)
        << "kind " << static_cast<int>(kind) << " width " << s.in_width << " kernel "
        << s.kernel_width << " stride " << s.stride_width << " pad " << s.pad_left;
  }
};

TEST_P(PoolTest, KernelsStridesAndPads) {
  for (const PoolKind kind : {PoolKind::max, PoolKind::average, PoolKind::average_with_padding}) {
    for (const int64_t kernel : {2, 3, 5}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t pad : {0, 1}) {
          for (const int64_t dilation : {1, 2}) {
            ConvShape s =
                reference::conv_shape(19, 19, 13, 127, kernel, kernel, stride, pad, dilation);
            check(kind, s, {pad, pad});
            ++s.out_width;  // as ceil_mode makes it
            check(kind, s, {pad, pad});
          }
        }
      }
    }
  }
}

TEST_P(PoolTest, Global) {
  for (const int64_t pixels : {1, 3, 49, 127}) {
    const int64_t channels = 35;
    const auto input = reference::random_floats(channels * pixels, 1);
    const auto blocked = reference::to_blocked(input, channels, pixels);
    std::vector<float> mean(48, NAN), most(48, NAN);
    global_average(blocked.data(), pixels, mean.data(), {0, 3});
    global_max(blocked.data(), pixels, most.data(), {0, 1});
    global_max(blocked.data(), pixels, most.data(), {1, 3});
    for (int64_t c = 0; c < channels; ++c) {
      const auto begin = input.begin() + c * pixels;
      double sum = 0;
      for (int64_t i = 0; i < pixels; ++i) sum += begin[i];
      EXPECT_NEAR(mean[c], sum / static_cast<double>(pixels), 1e-6);
      EXPECT_EQ(most[c], *std::max_element(begin, begin + pixels));
    }
  }
}

OARLOCK_EACH_INSTRUCTION_SET(PoolTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
