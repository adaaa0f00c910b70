#include "kernels/cpu/fourier_conv.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class FourierConvTest : public EachInstructionSet {
 protected:
  static void check(const ConvShape& s, const FourierBlocking& blocking, Activation activation,
                    bool with_residual) {
    reference::ConvCase test(s, activation, with_residual);
    const FourierConv conv(s, blocking);
    std::vector<float> packed(conv.packed_size(), NAN);
    const int64_t panels = conv.panel_count(), cut = panels / 2;
    conv.pack_weights(test.weights.data(), packed.data(), {cut, panels});
    conv.pack_weights(test.weights.data(), packed.data(), {0, cut});
    std::vector<float> workspace(conv.workspace(), NAN), scratch(conv.scratch(), NAN);
    auto args = test.args<FourierConv::Args>();
    args.weights = packed.data();
    args.workspace = workspace.data();
    for (int64_t strip = 0; strip < conv.strips(); ++strip) {
      for (int64_t unit = conv.forward_units(); unit-- > 0;)
        conv.forward(args, strip, unit, scratch.data());
      for (int64_t unit = conv.multiply_units(); unit-- > 0;)
        conv.multiply(args, strip, unit, scratch.data());
      for (int64_t unit = conv.backward_units(); unit-- > 0;)
        conv.backward(args, strip, unit, scratch.data());
    }
    for (const float v : test.output) ASSERT_TRUE(std::isfinite(v));
    EXPECT_LT(reference::scaled_error(test.got(), test.want), 2e-6)
        << s.in_channels << "x" << s.in_height << "x" << s.in_width << " -> " << s.out_channels
        << " kernel " << s.kernel_height << "x" << s.kernel_width << " pad " << s.pad_left
        << " dilation " << s.dilation_width << " width " << blocking.along_width << " tile "
        << blocking.tile << " strip " << blocking.strip << " length " << blocking.length;
  }

  // Along both axes, whole and cut.
  static void check_all(const ConvShape& s, Activation activation = {},
                        bool with_residual = false) {
    for (const bool width : {true, false}) {
      if (!FourierConv::fits(s, width)) continue;
      const int64_t along = width ? s.out_width : s.out_height;
      const int64_t across = width ? s.out_height : s.out_width;
      for (const int64_t tile : {along, (along + 2) / 3}) {
        for (const int64_t strip : {across, (across + 1) / 2}) {
          const int64_t length = reference::transform_length(fourier_length(s, width, tile));
          check(s, {width, tile, strip, length}, activation, with_residual);
        }
      }
    }
  }

  static ConvShape shape(int64_t in, int64_t out, int64_t height, int64_t width,
                         int64_t kernel_height, int64_t kernel_width, int64_t pad) {
    return reference::conv_shape(in, out, height, width, kernel_height, kernel_width, 1, pad);
  }
};

TEST_P(FourierConvTest, Kernels) {
  check_all(shape(20, 37, 12, 15, 7, 7, 3));
  check_all(shape(16, 16, 14, 14, 13, 13, 6));
  check_all(shape(5, 65, 9, 17, 1, 9, 4));
  check_all(shape(33, 3, 17, 9, 9, 2, 1));
  check_all(shape(16, 32, 11, 20, 5, 5, 0));
}

TEST_P(FourierConvTest, AwkwardExtents) {
  check_all(shape(1, 1, 1, 1, 1, 1, 0));
  check_all(shape(17, 16, 1, 1, 9, 9, 4));
  check_all(shape(16, 17, 1, 20, 5, 5, 4));
  check_all(shape(16, 16, 4, 4, 3, 3, 9));  // outputs that read padding only
}

TEST_P(FourierConvTest, DilationsAlongAndStridesAcross) {
  ConvShape s = reference::conv_shape(16, 20, 15, 21, 5, 5, 1, 4, 2);
  EXPECT_FALSE(FourierConv::fits(s, true));
  s = reference::conv_shape(16, 20, 15, 21, 1, 5, 1, 4, 2);
  s.dilation_height = 1;
  EXPECT_TRUE(FourierConv::fits(s, true));
  check_all(s);
  s = shape(20, 16, 14, 17, 7, 7, 3);
  s.stride_height = 2;
  s.out_height = 7;
  EXPECT_FALSE(FourierConv::fits(s, false));
  check_all(s);
  EXPECT_FALSE(FourierConv::fits(reference::conv_shape(16, 16, 9, 9, 5, 5, 1, 2, 1, 2), true));
}

TEST_P(FourierConvTest, ResidualAndActivation) {
  check_all(shape(20, 40, 9, 19, 7, 7, 3), {Activation::Kind::relu});
  check_all(shape(20, 40, 9, 19, 7, 7, 3), {Activation::Kind::swish, 1}, true);
}

OARLOCK_EACH_INSTRUCTION_SET(FourierConvTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
