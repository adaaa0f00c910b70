#include "kernels/cpu/grouped_conv.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class GroupedConvTest : public EachInstructionSet {
 protected:
  static ConvShape shape(int64_t groups, int64_t group_channels, int64_t height, int64_t width,
                         int64_t kernel, int64_t stride, int64_t pad, int64_t dilation = 1) {
    const int64_t channels = groups * group_channels;
    return reference::conv_shape(channels, channels, height, width, kernel, kernel, stride, pad,
                                 dilation, groups);
  }

  static void check(const ConvShape& s, Activation activation = {}, bool with_residual = false) {
    ASSERT_TRUE(grouped_conv_fits(s));
    const int64_t group = s.in_channels / s.groups;
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
    const auto weights = reference::random_floats(s.out_channels * group * s.taps(), 2);
    const auto bias = reference::random_floats(s.out_channels, 3);
    const auto residual = reference::random_floats(s.out_channels * s.out_pixels(), 4);
    auto want = reference::convolve(s, input, weights, bias);
    reference::finish(want, activation, with_residual ? &residual : nullptr);
    const auto blocked = reference::to_blocked(input, s.in_channels, s.in_pixels(), 5.0f);
    const auto blocked_residual = reference::to_blocked(residual, s.out_channels, s.out_pixels());
    std::vector<float> packed(grouped_conv_packed_size(s), NAN), padded(s.out_blocks() * 16);
    pack_grouped_weights(s, weights.data(), packed.data());
    std::copy(bias.begin(), bias.end(), padded.begin());
    std::vector<float> output(s.out_blocks() * s.out_pixels() * 16, NAN);
    std::vector<float> workspace(grouped_conv_workspace(s), NAN);
    const GroupedConvArgs args = {blocked.data(), packed.data(),
                                  padded.data(),  with_residual ? blocked_residual.data() : nullptr,
                                  output.data(),  workspace.data(),
                                  activation};
    const int64_t blocks = s.out_blocks(), cut = blocks / 2;
    const int64_t rows = s.out_height, row_cut = rows * 2 / 5;
    grouped_conv(s, args, {cut, blocks}, {row_cut, rows});
    grouped_conv(s, args, {0, cut}, {0, rows});
    grouped_conv(s, args, {cut, blocks}, {0, row_cut});
    for (const float v : output) ASSERT_TRUE(std::isfinite(v));
    const auto got = reference::from_blocked(output, s.out_channels, s.out_pixels());
    EXPECT_LT(reference::scaled_error(got, want), 2e-6)
        << s.groups << " groups of " << group << ", " << s.in_height << "x" << s.in_width
        << " kernel " << s.kernel_height << " stride " << s.stride_width << " pad " << s.pad_left
        << " dilation " << s.dilation_width;
  }
};

TEST_P(GroupedConvTest, KernelsStridesPadsAndDilations) {
  for (const int64_t group : {4, 8})
    for (const int64_t kernel : {1, 2, 3, 5})
      for (const int64_t stride : {1, 2})
        for (const int64_t pad : {0, 1, 3})
          for (const int64_t dilation : {1, 2})
            for (const int64_t width : {9, 31})
              check(shape(5, group, 11, width, kernel, stride, pad, dilation));
}

TEST_P(GroupedConvTest, AwkwardExtents) {
  for (const int64_t group : {4, 8}) {
    check(shape(2, group, 1, 1, 3, 1, 1));
    check(shape(13, group, 7, 7, 3, 1, 1));
    check(shape(3, group, 60, 127, 3, 2, 1));  // several strips
    check(shape(4, group, 1, 40, 3, 1, 1));
    check(shape(4, group, 40, 1, 3, 1, 1));
    check(shape(4, group, 4, 4, 3, 1, 6));
    check(shape(2, group, 3, 2000, 3, 1, 1));  // a row larger than a strip should be
  }
}

TEST_P(GroupedConvTest, UnequalPaddingAndStrides) {
  ConvShape s = shape(3, 8, 14, 28, 3, 2, 0);
  s.pad_left = 1;
  s.out_width += 1;
  check(s);
  s.out_height += 1;
  check(s);
  s.stride_height = 1;
  s.out_height = 12;
  check(s);
}

TEST_P(GroupedConvTest, ResidualAndActivation) {
  for (const int64_t group : {4, 8}) {
    check(shape(5, group, 9, 29, 3, 1, 1), {Activation::Kind::relu});
    check(shape(5, group, 9, 29, 3, 1, 1), {Activation::Kind::swish, 1}, true);
  }
}

TEST_P(GroupedConvTest, FitsEqualGroupsOfFourAndEight) {
  EXPECT_FALSE(grouped_conv_fits(shape(1, 8, 9, 9, 3, 1, 1)));
  EXPECT_FALSE(grouped_conv_fits(shape(4, 16, 9, 9, 3, 1, 1)));
  EXPECT_FALSE(grouped_conv_fits(shape(4, 8, 9, 9, 3, 3, 1)));
  ConvShape s = shape(4, 8, 9, 9, 3, 1, 1);
  s.out_channels = 16;
  EXPECT_FALSE(grouped_conv_fits(s));
}

OARLOCK_EACH_INSTRUCTION_SET(GroupedConvTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
