#include "kernels/cpu/depthwise.h"

#include "kernels/cpu/conv.h"
#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class DepthwiseTest : public EachInstructionSet {
 protected:
  static void run_in_parts(const ConvShape& s, const DepthwiseArgs& args) {
    const int64_t groups = depthwise_groups(s, args.expansion != nullptr), cut = groups / 2;
    const int64_t rows = s.out_height, row_cut = rows * 2 / 5;
    depthwise(s, args, {cut, groups}, {row_cut, rows});
    depthwise(s, args, {0, cut}, {0, rows});
    depthwise(s, args, {cut, groups}, {0, row_cut});
  }

  static void check(const ConvShape& s, Activation activation = {}, bool with_residual = false) {
    reference::ConvCase test(s, activation, with_residual);
    std::vector<float> packed(s.in_blocks() * s.taps() * 16, NAN);
    pack_depthwise_weights(s, test.weights.data(), packed.data());
    std::vector<float> workspace(depthwise_workspace(s), NAN);
    auto args = test.args<DepthwiseArgs>();
    args.weights = packed.data();
    args.workspace = workspace.data();
    run_in_parts(s, args);
    for (const float v : test.output) ASSERT_TRUE(std::isfinite(v));
    EXPECT_LT(reference::scaled_error(test.got(), test.want), 2e-6)
        << s.in_channels << "x" << s.in_height << "x" << s.in_width << " kernel " << s.kernel_height
        << "x" << s.kernel_width << " stride " << s.stride_width << " pad " << s.pad_left
        << " dilation " << s.dilation_width;
  }

  // As check(), of what a pointwise convolution of `in_channels` makes.
  static void check_expanded(const ConvShape& s, int64_t in_channels, Activation between) {
    const ConvShape p =
        reference::conv_shape(in_channels, s.in_channels, s.in_height, s.in_width, 1, 1, 1, 0);
    const auto input = reference::random_floats(in_channels * p.in_pixels(), 1);
    const auto expansion = reference::random_floats(in_channels * s.in_channels, 2);
    const auto weights = reference::random_floats(s.in_channels * s.taps(), 3);
    const auto bias = reference::random_floats(s.in_channels, 4);
    std::vector<float> middle;
    for (double v : reference::convolve(p, input, expansion, bias)) {
      if (between.kind == Activation::Kind::relu) v = std::max(v, 0.0);
      if (between.kind == Activation::Kind::swish) v /= 1 + std::exp(-v);
      middle.push_back(static_cast<float>(v));
    }
    const auto want = reference::convolve(s, middle, weights, bias);

    const DirectConv pointwise(p);
    std::vector<float> packed_expansion(pointwise.packed_size());
    pointwise.pack_weights(expansion.data(), packed_expansion.data(), {0, pointwise.panel_count()});
    std::vector<float> packed(s.in_blocks() * s.taps() * 16), padded(s.in_blocks() * 16);
    pack_depthwise_weights(s, weights.data(), packed.data());
    std::copy(bias.begin(), bias.end(), padded.begin());
    const auto blocked = reference::to_blocked(input, in_channels, p.in_pixels(), 5.0f);
    std::vector<float> output(s.in_blocks() * s.out_pixels() * 16, NAN);
    std::vector<float> workspace(depthwise_workspace(s, true), NAN);
    const Expansion from{blocked.data(), in_channels, packed_expansion.data(), padded.data(),
                         between};
    DepthwiseArgs args;
    args.weights = packed.data();
    args.bias = padded.data();
    args.output = output.data();
    args.workspace = workspace.data();
    args.expansion = &from;
    run_in_parts(s, args);
    const auto got = reference::from_blocked(output, s.in_channels, s.out_pixels());
    EXPECT_LT(reference::scaled_error(got, want), 5e-6)
        << in_channels << " -> " << s.in_channels << "x" << s.in_height << "x" << s.in_width
        << " kernel " << s.kernel_height << " stride " << s.stride_width << " pad " << s.pad_left;
  }

  static ConvShape shape(int64_t channels, int64_t height, int64_t width, int64_t kernel,
                         int64_t stride, int64_t pad, int64_t dilation = 1) {
    return reference::conv_shape(channels, channels, height, width, kernel, kernel, stride, pad,
                                 dilation, channels);
  }
};

TEST_P(DepthwiseTest, KernelsStridesPadsAndDilations) {
  for (const int64_t kernel : {1, 2, 3, 5, 7}) {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t pad : {0, 1, 3}) {
        for (const int64_t dilation : {1, 2}) {
          for (const int64_t width : {13, 32})
            check(shape(20, 14, width, kernel, stride, pad, dilation));
        }
      }
    }
  }
}

TEST_P(DepthwiseTest, AwkwardExtents) {
  check(shape(1, 1, 1, 3, 1, 1));
  check(shape(127, 7, 7, 5, 1, 2));
  check(shape(33, 13, 127, 3, 2, 1));
  check(shape(16, 1, 40, 3, 1, 1));
  check(shape(16, 40, 1, 3, 1, 1));
  check(shape(16, 4, 4, 3, 1, 6));
  for (const int64_t width : {1, 2, 3, 4, 6})
    for (const int64_t stride : {1, 2}) check(shape(16, 5, width, 5, stride, 2));
}

TEST_P(DepthwiseTest, UnequalPadding) {
  ConvShape s = shape(24, 14, 28, 3, 2, 0);
  s.pad_top = 0;
  s.pad_left = 1;
  s.out_width += 1;
  check(s);
  s.out_height += 1;
  check(s);
}

TEST_P(DepthwiseTest, ResidualAndActivation) {
  check(shape(40, 9, 29, 3, 1, 1), {Activation::Kind::relu});
  check(shape(40, 9, 29, 3, 1, 1), {Activation::Kind::swish, 1}, true);
}

TEST_P(DepthwiseTest, ExpandedRows) {
  for (const int64_t stride : {1, 2}) {
    for (const int64_t kernel : {1, 3, 5}) {
      check_expanded(shape(96, 14, 30, kernel, stride, kernel / 2), 16, {Activation::Kind::relu});
      check_expanded(shape(72, 9, 17, kernel, stride, 0), 24, {});
    }
  }
  check_expanded(shape(48, 13, 5, 3, 1, 1), 7, {Activation::Kind::swish, 1});
  check_expanded(shape(17, 1, 1, 3, 1, 1), 33, {Activation::Kind::relu});
  check_expanded(shape(20, 8, 29, 3, 1, 2, 2), 40, {Activation::Kind::relu});
  ConvShape padding = shape(20, 8, 1, 3, 3, 4);  // no column of the input is read
  padding.out_width = 1;
  check_expanded(padding, 16, {Activation::Kind::relu});
}

OARLOCK_EACH_INSTRUCTION_SET(DepthwiseTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
