#include "kernels/cpu/conv.h"

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

using reference::conv_shape;

class ConvTest : public EachInstructionSet {
 protected:
  static std::vector<float> run(const ConvShape& s, const std::vector<float>& input,
                                const std::vector<float>& weights, const std::vector<float>& bias,
                                const std::vector<float>& residual, Activation activation,
                                const std::vector<float>& scale = {}) {
    const DirectConv conv(s);
    std::vector<float> packed(conv.packed_size(), 99.0f);
    conv.pack_weights(weights.data(), packed.data(), {0, conv.panel_count()});
    const auto blocked = reference::to_blocked(input, s.in_channels, s.in_pixels(), 7.0f);
    std::vector<float> padded_bias(s.out_blocks() * 16);
    if (!bias.empty())
      pad_bias(bias.data(), s.out_channels, s.out_blocks() * 16, padded_bias.data());
    std::vector<float> blocked_residual;
    if (!residual.empty()) {
      blocked_residual = reference::to_blocked(residual, s.out_channels, s.out_pixels());
    }
    std::vector<float> output(s.out_blocks() * s.out_pixels() * 16, NAN);
    DirectConv::Args args;
    args.input = blocked.data();
    args.weights = packed.data();
    args.bias = bias.empty() ? nullptr : padded_bias.data();
    args.residual = residual.empty() ? nullptr : blocked_residual.data();
    const auto blocked_scale = reference::to_blocked(scale, scale.empty() ? 0 : s.in_channels, 1);
    args.output = output.data();
    args.activation = activation;
    if (!scale.empty()) {
      // Factors in the weights, which give the expected result too, or in the input.
      std::vector<float> scaled(packed.size());
      conv.scale_weights(packed.data(), blocked_scale.data(), {0, conv.panel_count()},
                         scaled.data());
      args.weights = scaled.data();
      run_in_parts(conv, args);
      const auto by_weights = reference::from_blocked(output, s.out_channels, s.out_pixels());
      std::vector<float> scaled_input(blocked.size());
      conv.scale_input(blocked.data(), blocked_scale.data(), {0, s.in_blocks()},
                       scaled_input.data());
      args.weights = packed.data();
      args.input = scaled_input.data();
      run_in_parts(conv, args);
      auto by_input = reference::from_blocked(output, s.out_channels, s.out_pixels());
      EXPECT_LT(reference::scaled_error(by_weights, by_input), 2e-6);
      return by_input;
    }
    run_in_parts(conv, args);
    if (args.residual) {
      args.residual = args.output = blocked_residual.data();
      run_in_parts(conv, args);
      EXPECT_EQ(reference::from_blocked(output, s.out_channels, s.out_pixels()),
                reference::from_blocked(blocked_residual, s.out_channels, s.out_pixels()));
    }
    for (const float v : output) EXPECT_TRUE(std::isfinite(v));
    return reference::from_blocked(output, s.out_channels, s.out_pixels());
  }

  // Uneven parts, as threads would take them.
  static void run_in_parts(const DirectConv& conv, const DirectConv::Args& args) {
    const int64_t tile_cut = conv.tile_count() / 3, panel_cut = (conv.panel_count() + 1) / 2;
    for (const Range tiles : {Range{0, tile_cut}, Range{tile_cut, conv.tile_count()}}) {
      conv.run(args, tiles, {panel_cut, conv.panel_count()});
      conv.run(args, tiles, {0, panel_cut});
    }
  }

  static void check(const ConvShape& s) {
    const int64_t in_group = s.in_channels / s.groups;
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
    const auto weights = reference::random_floats(s.out_channels * in_group * s.taps(), 2);
    const auto bias = reference::random_floats(s.out_channels, 3);
    const auto got = run(s, input, weights, bias, {}, {});
    const auto want = reference::convolve(s, input, weights, bias);
    EXPECT_LT(reference::scaled_error(got, want), 2e-6)
        << s.in_channels << "x" << s.in_height << "x" << s.in_width << " -> " << s.out_channels
        << "x" << s.out_height << "x" << s.out_width << " kernel " << s.kernel_height << "x"
        << s.kernel_width << " stride " << s.stride_width << " pad " << s.pad_left << " dilation "
        << s.dilation_width << " groups " << s.groups;
  }
};

TEST_P(ConvTest, ScaledChannels) {
  for (const int64_t in : {5, 16, 40}) {
    for (const int64_t width : {1, 7, 29}) {
      const ConvShape s = conv_shape(in, 50, 5, width, 1, 1, 1, 0);
      auto input = reference::random_floats(in * s.in_pixels(), 1);
      const auto weights = reference::random_floats(50 * in, 2);
      const auto bias = reference::random_floats(50, 3);
      const auto scale = reference::random_floats(in, 4);
      const auto got = run(s, input, weights, bias, {}, {}, scale);
      for (size_t i = 0; i < input.size(); ++i)
        input[i] *= scale[i / static_cast<size_t>(s.in_pixels())];
      const auto want = reference::convolve(s, input, weights, bias);
      EXPECT_LT(reference::scaled_error(got, want), 2e-6) << in << " x " << width;
    }
  }
}

TEST_P(ConvTest, Pointwise) {
  for (const int64_t width : {1, 7, 13, 14, 15, 57}) {
    check(conv_shape(32, 64, 1, width, 1, 1, 1, 0));
    check(conv_shape(13, 127, 3, width, 1, 1, 1, 0));
    check(conv_shape(48, 1, 5, width, 1, 1, 1, 0));
  }
  check(conv_shape(128, 1040, 7, 7, 1, 1, 1, 0));
}

TEST_P(ConvTest, KernelsStridesPadsAndDilations) {
  for (const int64_t kernel : {1, 2, 3, 5}) {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t pad : {0, 1, 2}) {
        for (const int64_t dilation : {1, 2}) {
          for (const int64_t width : {13, 29}) {
            check(conv_shape(16, 48, 11, width, kernel, kernel, stride, pad, dilation));
          }
        }
      }
    }
  }
}

TEST_P(ConvTest, AwkwardExtents) {
  check(conv_shape(1, 1, 1, 1, 1, 1, 1, 0));
  check(conv_shape(13, 17, 13, 127, 3, 3, 1, 1));
  check(conv_shape(17, 33, 127, 13, 3, 1, 1, 1));
  check(conv_shape(33, 16, 5, 28, 1, 7, 1, 3));
  check(conv_shape(16, 32, 1, 1, 3, 3, 1, 1));
  check(conv_shape(16, 32, 2, 1, 3, 3, 1, 1));
  check(conv_shape(16, 32, 4, 56, 3, 3, 1, 1));
  check(conv_shape(16, 32, 40, 40, 3, 3, 1, 1));
  check(conv_shape(16, 32, 9, 9, 3, 3, 1, 4));
}

TEST_P(ConvTest, UnequalPadding) {
  ConvShape s = conv_shape(16, 32, 14, 28, 3, 3, 1, 0);
  s.pad_left = 1;
  check(s);
  s.pad_left = 0;
  s.out_width += 1;
  check(s);
  s.out_height += 3;
  check(s);
}

TEST_P(ConvTest, Groups) {
  check(conv_shape(64, 64, 9, 14, 3, 3, 1, 1, 1, 4));   // 16 wide
  check(conv_shape(64, 128, 9, 14, 3, 3, 1, 1, 1, 2));  // 32 to 64
  check(conv_shape(48, 48, 9, 14, 3, 3, 2, 1, 1, 6));   // 8 wide
  check(conv_shape(36, 60, 9, 14, 3, 3, 1, 1, 1, 3));   // 12 to 20
  check(conv_shape(40, 20, 7, 7, 1, 1, 1, 0, 1, 20));   // 2 to 1
  check(conv_shape(17, 17, 7, 7, 3, 3, 1, 1, 1, 17));   // depthwise
  check(conv_shape(17, 51, 7, 7, 3, 3, 1, 1, 1, 17));   // with multiplier 3
  check(conv_shape(104, 104, 28, 28, 3, 3, 1, 1, 1, 13));
}

TEST_P(ConvTest, ResidualAndActivations) {
  for (const ConvShape& s :
       {conv_shape(19, 45, 6, 15, 1, 1, 1, 0), conv_shape(19, 45, 6, 28, 3, 3, 1, 1),
        conv_shape(19, 45, 13, 13, 3, 3, 2, 1), conv_shape(400, 45, 5, 15, 1, 1, 1, 0),
        conv_shape(40, 45, 6, 15, 3, 3, 1, 1)}) {
    const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 4);
    const auto weights = reference::random_floats(s.out_channels * s.in_channels * s.taps(), 5);
    const auto residual = reference::random_floats(s.out_channels * s.out_pixels(), 6);
    const auto sums = reference::convolve(s, input, weights, {});
    using Kind = Activation::Kind;
    for (const Activation activation :
         {Activation{Kind::none}, Activation{Kind::relu}, Activation{Kind::clip, -0.25f, 0.75f},
          Activation{Kind::leaky_relu, 0.1f}, Activation{Kind::sigmoid}}) {
      const auto got = run(s, input, weights, {}, residual, activation);
      std::vector<double> want(sums.size());
      for (size_t i = 0; i < want.size(); ++i) {
        const double x = sums[i] + residual[i];
        switch (activation.kind) {
          case Kind::relu:
            want[i] = std::max(x, 0.0);
            break;
          case Kind::clip:
            want[i] = std::clamp(x, -0.25, 0.75);
            break;
          case Kind::leaky_relu:
            want[i] = x < 0 ? 0.1 * x : x;
            break;
          case Kind::sigmoid:
            want[i] = 1 / (1 + std::exp(-x));
            break;
          default:
            want[i] = x;
        }
      }
      EXPECT_LT(reference::scaled_error(got, want), 8e-6);
    }
  }
}

// Every input pixel adds to the output pixels it reaches.
std::vector<double> transposed_reference(const ConvShape& s, const std::vector<float>& input,
                                         const std::vector<float>& weights) {
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  std::vector<double> output(s.out_channels * s.out_pixels());
  for (int64_t i = 0; i < s.in_channels; ++i) {
    for (int64_t o = 0; o < out_group; ++o) {
      const int64_t channel = i / in_group * out_group + o;
      for (int64_t y = 0; y < s.in_height; ++y) {
        for (int64_t x = 0; x < s.in_width; ++x) {
          for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
            for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
              const int64_t oy = y * s.stride_height - s.pad_top + ky * s.dilation_height;
              const int64_t ox = x * s.stride_width - s.pad_left + kx * s.dilation_width;
              if (oy < 0 || oy >= s.out_height || ox < 0 || ox >= s.out_width) continue;
              output[(channel * s.out_height + oy) * s.out_width + ox] +=
                  static_cast<double>(input[(i * s.in_height + y) * s.in_width + x]) *
                  weights[((i * out_group + o) * s.kernel_height + ky) * s.kernel_width + kx];
            }
          }
        }
      }
    }
  }
  return output;
}

TEST_P(ConvTest, Transposed) {
  for (const int64_t stride : {1, 2, 3}) {
    for (const int64_t kernel : {1, 2, 3, 4}) {
      for (const int64_t pad : {0, 1}) {
        for (const int64_t groups : {1, 2}) {
          ConvShape s;
          s.in_channels = 20;
          s.out_channels = 38;
          s.groups = groups;
          s.in_height = 5;
          s.in_width = 13;
          s.kernel_height = s.kernel_width = kernel;
          s.stride_height = s.stride_width = stride;
          s.pad_top = s.pad_left = pad;
          s.out_height = (s.in_height - 1) * stride + kernel - pad;
          s.out_width = (s.in_width - 1) * stride + kernel - pad;
          const auto input = reference::random_floats(s.in_channels * s.in_pixels(), 1);
          const auto weights = reference::random_floats(20 * 38 / groups * s.taps(), 2);
          const DirectConv conv(s, true);
          std::vector<float> packed(conv.packed_size(), NAN);
          conv.pack_weights(weights.data(), packed.data(), {0, conv.panel_count()});
          const auto blocked = reference::to_blocked(input, s.in_channels, s.in_pixels());
          std::vector<float> output(s.out_blocks() * s.out_pixels() * 16, NAN);
          DirectConv::Args args;
          args.input = blocked.data();
          args.weights = packed.data();
          args.output = output.data();
          conv.run(args, {0, conv.tile_count()}, {0, conv.panel_count()});
          const auto got = reference::from_blocked(output, s.out_channels, s.out_pixels());
          EXPECT_LT(reference::scaled_error(got, transposed_reference(s, input, weights)), 2e-6)
              << "kernel " << kernel << " stride " << stride << " pad " << pad;
        }
      }
    }
  }
}

OARLOCK_EACH_INSTRUCTION_SET(ConvTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
