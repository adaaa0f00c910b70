#include "kernels/cpu/conv_planar.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

using reference::conv_shape;

class PlanarConvTest : public EachInstructionSet {
 protected:
  static void check(const ConvShape& s, Activation activation = {}) {
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
    const auto weights = reference::random_floats(s.out_channels * s.in_channels * s.taps(), 2);
    const auto bias = reference::random_floats(s.out_channels, 3);
    auto want = reference::convolve(s, input, weights, bias);
    for (double& v : want) {
      if (activation.kind == Activation::Kind::relu) v = std::max(v, 0.0);
      if (activation.kind == Activation::Kind::swish) v /= 1 + std::exp(-v);
    }
    const PlanarConv conv(s);
    std::vector<float> packed(conv.packed_size(), NAN), padded(s.out_blocks() * 16);
    conv.pack_weights(weights.data(), packed.data());
    std::copy(bias.begin(), bias.end(), padded.begin());
    std::vector<float> output(s.out_blocks() * s.out_pixels() * 16, NAN);
    std::vector<float> workspace(conv.workspace(), NAN);
    const PlanarConv::Args args = {input.data(),  packed.data(),    padded.data(),
                                   output.data(), workspace.data(), activation};
    const int64_t strips = conv.strip_count(), panels = conv.panel_count();
    conv.run(args, {strips / 2, strips}, {0, panels});
    conv.run(args, {0, strips / 2}, {0, panels / 2});
    conv.run(args, {0, strips / 2}, {panels / 2, panels});
    for (const float v : output) ASSERT_TRUE(std::isfinite(v));
    const auto got = reference::from_blocked(output, s.out_channels, s.out_pixels());
    EXPECT_LT(reference::scaled_error(got, want), 2e-6)
        << s.in_channels << "x" << s.in_height << "x" << s.in_width << " -> " << s.out_channels
        << " kernel " << s.kernel_height << "x" << s.kernel_width << " stride " << s.stride_width
        << " pad " << s.pad_left << " dilation " << s.dilation_width;
  }
};

TEST_P(PlanarConvTest, KernelsStridesPadsAndDilations) {
  for (const int64_t channels : {1, 3}) {
    for (const int64_t kernel : {1, 3, 7}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t pad : {0, 1, 3}) {
          for (const int64_t dilation : {1, 2}) {
            check(conv_shape(channels, 45, 23, 31, kernel, kernel, stride, pad, dilation));
          }
        }
      }
    }
  }
}

TEST_P(PlanarConvTest, AwkwardExtents) {
  check(conv_shape(1, 1, 1, 1, 1, 1, 1, 0));
  check(conv_shape(3, 64, 13, 127, 7, 7, 2, 3));
  check(conv_shape(3, 17, 127, 13, 3, 5, 2, 2));
  check(conv_shape(2, 32, 4, 4, 3, 3, 1, 5));
  check(conv_shape(3, 96, 64, 64, 16, 16, 16, 0));  // patches
  check(conv_shape(3, 96, 60, 60, 16, 16, 16, 2));
  check(conv_shape(3, 40, 9, 9, 2, 2, 3, 1));
}

// More weights than a nearer cache has room for are taken in chunks.
TEST_P(PlanarConvTest, ManyWeights) {
  for (const auto kind : {Activation::Kind::none, Activation::Kind::relu, Activation::Kind::swish})
    check(conv_shape(3, 45, 64, 96, 16, 16, 16, 0), {kind, 1});
  check(conv_shape(3, 45, 30, 40, 15, 15, 2, 7));
}

TEST_P(PlanarConvTest, Activations) {
  check(conv_shape(3, 40, 20, 20, 3, 3, 2, 1), {Activation::Kind::relu});
  check(conv_shape(3, 40, 20, 20, 3, 3, 2, 1), {Activation::Kind::swish, 1});
}

OARLOCK_EACH_INSTRUCTION_SET(PlanarConvTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
