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
    reference::ConvCase test(s, activation, with_residual);
    std::vector<float> packed(grouped_conv_packed_size(s), NAN);
    pack_grouped_weights(s, test.weights.data(), packed.data());
    std::vector<float> workspace(grouped_conv_workspace(s), NAN);
    auto args = test.args<GroupedConvArgs>();
    args.weights = packed.data();
    args.workspace = workspace.data();
    const int64_t blocks = s.out_blocks(), cut = blocks / 2;
    const int64_t rows = s.out_height, row_cut = rows * 2 / 5;
    grouped_conv(s, args, {cut, blocks}, {row_cut, rows});
    grouped_conv(s, args, {0, cut}, {0, rows});
    grouped_conv(s, args, {cut, blocks}, {0, row_cut});
    for (const float v : test.output) ASSERT_TRUE(std::isfinite(v));
    EXPECT_LT(reference::scaled_error(test.got(), test.want), 2e-6)
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
