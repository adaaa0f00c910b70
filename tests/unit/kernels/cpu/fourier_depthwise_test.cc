#include "kernels/cpu/fourier_depthwise.h"

#include <algorithm>

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class FourierDepthwiseTest : public EachInstructionSet {
 protected:
  static ConvShape shape(int64_t channels, int64_t height, int64_t width, int64_t kernel_height,
                         int64_t kernel_width, int64_t pad, int64_t dilation = 1) {
    return reference::conv_shape(channels, channels, height, width, kernel_height, kernel_width, 1,
                                 pad, dilation, channels);
  }

  // |output| can be wrong by this much: the header's bound with the whole image for a line.
  static double bound(const std::vector<float>& input, const std::vector<float>& weights,
                      const ConvShape& s, int64_t length) {
    const auto norm = [](const float* x, int64_t n) {
      double sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * x[i];
      return std::sqrt(sum);
    };
    double worst = 0;
    for (int64_t c = 0; c < s.in_channels; ++c)
      worst = std::max(worst, norm(input.data() + c * s.in_pixels(), s.in_pixels()) *
                                  norm(weights.data() + c * s.taps(), s.taps()));
    return 4 * std::ldexp(1.0, -24) * std::max(1.0, std::log2(length)) * worst;
  }

  static void check(const ConvShape& s, const FourierBlocking& blocking, Activation activation = {},
                    bool with_residual = false) {
    reference::ConvCase test(s, activation, with_residual);
    const FourierDepthwise conv(s, blocking);
    std::vector<float> packed(conv.packed_size(), NAN);
    conv.pack_weights(test.weights.data(), packed.data(), {0, s.in_blocks()});
    std::vector<float> workspace(conv.workspace(), NAN);
    auto args = test.args<FourierDepthwise::Args>();
    args.weights = packed.data();
    args.workspace = workspace.data();
    for (int64_t part = conv.parts(); part-- > 0;)
      for (int64_t block = 0; block < s.in_blocks(); ++block) conv.run(args, block, part);
    for (const float v : test.output) ASSERT_TRUE(std::isfinite(v));
    const auto got = test.got();
    double error = 0;
    for (size_t i = 0; i < got.size(); ++i)
      error = std::max(error, std::abs(got[i] - test.want[i]));
    EXPECT_LT(error, bound(test.input, test.weights, s, blocking.length) + 1e-6);
    EXPECT_LT(reference::scaled_error(got, test.want), 2e-6)
        << s.in_channels << "x" << s.in_height << "x" << s.in_width << " kernel " << s.kernel_height
        << "x" << s.kernel_width << " pad " << s.pad_left << " dilation " << s.dilation_width
        << " width " << blocking.along_width << " tile " << blocking.tile << " strip "
        << blocking.strip << " length " << blocking.length;
  }

  // Along both axes, whole and cut.
  static void check_all(const ConvShape& s, Activation activation = {},
                        bool with_residual = false) {
    for (const bool width : {true, false}) {
      if (!FourierDepthwise::fits(s, width)) continue;
      const int64_t along = width ? s.out_width : s.out_height;
      const int64_t across = width ? s.out_height : s.out_width;
      for (const int64_t tile : {along, (along + 2) / 3}) {
        for (const int64_t strip : {across, (across + 1) / 2}) {
          const int64_t needed = fourier_length(s, width, tile);
          check(s, {width, tile, strip, reference::transform_length(needed)}, activation,
                with_residual);
        }
      }
    }
  }
};

TEST_P(FourierDepthwiseTest, Kernels) {
  check_all(shape(20, 28, 30, 13, 13, 6));
  check_all(shape(16, 14, 14, 31, 31, 15));
  check_all(shape(33, 23, 37, 7, 11, 3));
  check_all(shape(16, 40, 33, 1, 15, 4));
  check_all(shape(3, 40, 33, 21, 2, 1));
  check_all(shape(16, 17, 50, 9, 9, 0));
}

TEST_P(FourierDepthwiseTest, Dilations) {
  check_all(shape(16, 30, 31, 7, 5, 9, 3));
  check_all(shape(16, 30, 31, 3, 3, 2, 2));
}

TEST_P(FourierDepthwiseTest, AwkwardExtents) {
  check_all(shape(1, 1, 1, 1, 1, 0));
  check_all(shape(17, 1, 1, 9, 9, 4));
  check_all(shape(16, 1, 40, 9, 9, 4));
  check_all(shape(16, 40, 1, 9, 9, 4));
  check_all(shape(16, 4, 4, 3, 3, 9));  // outputs that read padding only
}

TEST_P(FourierDepthwiseTest, StridesAcross) {
  ConvShape s = shape(16, 30, 29, 9, 9, 4);
  s.stride_height = 2;
  s.out_height = 15;
  check_all(s);
  s.pad_top = 7;
  s.out_height = 18;
  check_all(s);
  s.stride_width = 2;
  EXPECT_FALSE(FourierDepthwise::fits(s, true));
  EXPECT_FALSE(FourierDepthwise::fits(s, false));
  EXPECT_FALSE(FourierDepthwise::fits(reference::conv_shape(16, 16, 9, 9, 9, 9, 1, 4), true));
}

TEST_P(FourierDepthwiseTest, ResidualAndActivation) {
  check_all(shape(40, 9, 29, 9, 9, 4), {Activation::Kind::relu});
  check_all(shape(40, 9, 29, 9, 9, 4), {Activation::Kind::swish, 1}, true);
}

// Every radix, first and later.
TEST_P(FourierDepthwiseTest, Lengths) {
  for (const int64_t length :
       {29 + 1, 32, 33, 35, 36, 39, 40, 48, 49, 64, 75, 81, 96, 121, 128, 256})
    check(shape(16, 9, 24, 3, 11, 5), {true, 24, 9, length});
}

OARLOCK_EACH_INSTRUCTION_SET(FourierDepthwiseTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
