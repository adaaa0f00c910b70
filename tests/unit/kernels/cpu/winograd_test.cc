#include "kernels/cpu/winograd.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

using reference::conv_shape;

struct AlignedFloats {
  explicit AlignedFloats(size_t count) : storage(count + 16, NAN) {
    data = storage.data();
    while (reinterpret_cast<uintptr_t>(data) % 64 != 0) ++data;
  }
  std::vector<float> storage;
  float* data;
};

class WinogradTest : public EachInstructionSet {
 protected:
  static void check(const ConvShape& s, Activation activation = {}, bool with_residual = false) {
    ASSERT_TRUE(WinogradConv::fits(s));
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
    const auto weights = reference::random_floats(s.out_channels * s.in_channels * 9, 2);
    const auto bias = reference::random_floats(s.out_channels, 3);
    const auto residual = reference::random_floats(s.out_channels * s.out_pixels(), 4);
    auto want = reference::convolve(s, input, weights, bias);
    for (size_t i = 0; i < want.size(); ++i) {
      if (with_residual) want[i] += residual[i];
      if (activation.kind == Activation::Kind::relu) want[i] = std::max(want[i], 0.0);
      if (activation.kind == Activation::Kind::swish) want[i] /= 1 + std::exp(-want[i]);
    }
    const auto blocked = reference::to_blocked(input, s.in_channels, s.in_pixels(), 2.0f);
    const auto blocked_residual = reference::to_blocked(residual, s.out_channels, s.out_pixels());
    std::vector<float> padded(s.out_blocks() * 16);
    std::copy(bias.begin(), bias.end(), padded.begin());
    for (const int m : {2, 4, 6}) {
      for (const int64_t block_tiles : {int64_t{1}, int64_t{5}, int64_t{16}, int64_t{1000}}) {
        const WinogradConv conv(s, m, block_tiles);
        std::vector<float> packed(conv.packed_size(), NAN);
        conv.pack_weights(weights.data(), packed.data(), {0, conv.panel_count()});
        const AlignedFloats workspace(conv.workspace());
        std::vector<float> output(s.out_blocks() * s.out_pixels() * 16, NAN);
        WinogradConv::Args args;
        args.input = blocked.data();
        args.weights = packed.data();
        args.bias = padded.data();
        args.residual = with_residual ? blocked_residual.data() : nullptr;
        args.output = output.data();
        args.workspace = workspace.data;
        args.activation = activation;
        for (int64_t block = 0; block < conv.block_count(); ++block) {
          if (block % 2 == 0) {
            conv.run_block(args, block);
            continue;
          }
          in_parts(conv.input_units(block), [&](Range r) { conv.transform_input(args, block, r); });
          in_parts(conv.multiply_units(), [&](Range r) { conv.multiply(args, block, r); });
          in_parts(conv.output_units(block),
                   [&](Range r) { conv.transform_output(args, block, r); });
        }
        for (const float v : output) ASSERT_TRUE(std::isfinite(v));
        const auto got = reference::from_blocked(output, s.out_channels, s.out_pixels());
        EXPECT_LT(reference::scaled_error(got, want), m == 2 ? 2e-6 : 3e-5)
            << s.in_channels << "x" << s.in_height << "x" << s.in_width << " -> " << s.out_channels
            << " pad " << s.pad_left << " m " << m << " block " << block_tiles;
      }
    }
  }

  template <class F>
  static void in_parts(int64_t units, const F& run) {
    run(Range{units / 3, units});
    run(Range{0, units / 3});
  }
};

TEST_P(WinogradTest, Extents) {
  check(conv_shape(1, 1, 1, 1, 3, 3, 1, 1));
  check(conv_shape(16, 32, 3, 3, 3, 3, 1, 0));
  check(conv_shape(17, 33, 7, 7, 3, 3, 1, 1));
  check(conv_shape(32, 48, 13, 14, 3, 3, 1, 1));
  check(conv_shape(13, 127, 9, 28, 3, 3, 1, 0));
  check(conv_shape(16, 16, 5, 127, 3, 3, 1, 2));
}

TEST_P(WinogradTest, UnequalPadding) {
  ConvShape s = conv_shape(16, 32, 12, 14, 3, 3, 1, 0);
  s.pad_left = 1;
  s.out_width += 1;
  s.out_height += 2;
  check(s);
}

TEST_P(WinogradTest, ResidualAndActivation) {
  check(conv_shape(19, 45, 11, 13, 3, 3, 1, 1), {Activation::Kind::relu}, true);
  check(conv_shape(19, 45, 11, 13, 3, 3, 1, 1), {Activation::Kind::swish, 1});
}

// More weights of a panel than the nearest cache has room for are taken in chunks.
TEST_P(WinogradTest, ManyChannels) {
  check(conv_shape(403, 41, 5, 9, 3, 3, 1, 1), {Activation::Kind::relu}, true);
}

TEST_P(WinogradTest, FitsOnly3x3) {
  EXPECT_FALSE(WinogradConv::fits(conv_shape(16, 16, 9, 9, 3, 3, 2, 1)));
  EXPECT_FALSE(WinogradConv::fits(conv_shape(16, 16, 9, 9, 3, 3, 1, 1, 2)));
  EXPECT_FALSE(WinogradConv::fits(conv_shape(16, 16, 9, 9, 5, 5, 1, 1)));
  EXPECT_FALSE(WinogradConv::fits(conv_shape(16, 16, 9, 9, 3, 3, 1, 1, 1, 2)));
}

OARLOCK_EACH_INSTRUCTION_SET(WinogradTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
