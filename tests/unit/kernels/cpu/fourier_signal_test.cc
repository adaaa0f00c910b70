#include "kernels/cpu/fourier_signal.h"

#include <algorithm>

#include "tests/unit/kernels/cpu/conv_reference.h"
#include "tests/unit/kernels/cpu/each_instruction_set.h"

namespace oarlock::kernels::cpu {
namespace {

class FourierSignalTest : public EachInstructionSet {
 protected:
  static ConvShape shape(int64_t in, int64_t out, int64_t width, int64_t kernel, int64_t pad,
                         int64_t groups = 1) {
    ConvShape s = reference::conv_shape(in, out, 1, width + 2 * pad, 1, kernel, 1, 0, 1, groups);
    s.in_width = width;
    s.pad_left = pad;
    return s;
  }

  static void check(const ConvShape& s, const FourierSignal::Blocking& blocking,
                    Activation activation = {}, bool with_residual = false) {
    ASSERT_TRUE(FourierSignal::fits(s));
    const auto input = reference::random_floats(s.in_channels * s.in_width, 1);
    const auto weights =
        reference::random_floats(s.out_channels * s.in_channels / s.groups * s.kernel_width, 2);
    const auto bias = reference::random_floats(s.out_channels, 3);
    const auto residual = reference::random_floats(s.out_channels * s.out_width, 4);
    auto want = reference::convolve(s, input, weights, bias);
    for (size_t i = 0; i < want.size(); ++i) {
      if (with_residual) want[i] += residual[i];
      if (activation.kind == Activation::Kind::relu) want[i] = std::max(want[i], 0.0);
      if (activation.kind == Activation::Kind::swish) want[i] /= 1 + std::exp(-want[i]);
    }
    const FourierSignal conv(s, blocking);
    std::vector<float> packed(conv.packed_size(), NAN), workspace(conv.workspace(), NAN);
    conv.pack_weights(weights.data(), packed.data(), {s.out_channels / 2, s.out_channels});
    conv.pack_weights(weights.data(), packed.data(), {0, s.out_channels / 2});
    std::vector<float> output(want.size(), NAN);
    FourierSignal::Args args;
    args.input = input.data();
    args.weights = packed.data();
    args.bias = bias.data();
    args.residual = with_residual ? residual.data() : nullptr;
    args.output = output.data();
    args.workspace = workspace.data();
    args.activation = activation;
    for (int64_t chunk = conv.chunks(); chunk-- > 0;)
      for (int64_t group = 0; group < s.groups; ++group) conv.run(args, group, chunk);
    for (const float v : output) ASSERT_TRUE(std::isfinite(v));
    // The header's bound for values of at most 1.
    const auto length = static_cast<double>(blocking.length);
    const auto terms = static_cast<double>(s.in_channels / s.groups * s.kernel_width);
    const double bound = 4 * std::ldexp(1.0, -24) * std::log2(length) * terms *
                         std::sqrt(2 * length / static_cast<double>(blocking.part));
    double error = 0;
    for (size_t i = 0; i < want.size(); ++i) error = std::max(error, std::abs(output[i] - want[i]));
    EXPECT_LT(error, bound + 1e-6);
    EXPECT_LT(reference::scaled_error(output, want), 2e-6)
        << s.in_channels << " -> " << s.out_channels << " x " << s.in_width << " kernel "
        << s.kernel_width << " pad " << s.pad_left << " hop " << blocking.hop << " part "
        << blocking.part << " chunk " << blocking.chunk;
  }
};

TEST_P(FourierSignalTest, PartitionedFilters) {
  for (const int64_t chunk : {1, 16, 40, 1000}) {
    check(shape(1, 1, 1000, 200, 0), {16, 16, 32, chunk});
    check(shape(1, 1, 1000, 201, 100), {24, 24, 48, chunk});
    check(shape(2, 3, 400, 129, 64), {32, 32, 64, chunk});
    check(shape(3, 2, 555, 400, 300), {30, 30, 60, chunk});
  }
}

TEST_P(FourierSignalTest, WholeFilters) {
  check(shape(1, 2, 1000, 61, 30), {68, 61, 128, 8});
  check(shape(2, 1, 777, 13, 0), {20, 13, 32, 100});
  check(shape(1, 1, 100, 65, 3), {200, 65, 270, 1});
}

TEST_P(FourierSignalTest, Groups) {
  check(shape(6, 6, 300, 64, 32, 6), {32, 32, 64, 8});
  check(shape(6, 9, 300, 64, 32, 3), {16, 16, 32, 8});
}

TEST_P(FourierSignalTest, AwkwardExtents) {
  check(shape(1, 1, 1, 1, 0), {1, 1, 1, 1});
  check(shape(1, 1, 5, 40, 60), {16, 16, 32, 3});
  check(shape(1, 1, 64, 33, 0), {16, 16, 32, 2});
}

TEST_P(FourierSignalTest, ResidualAndActivation) {
  check(shape(2, 3, 301, 64, 10), {32, 32, 64, 8}, {Activation::Kind::relu});
  check(shape(2, 3, 301, 64, 10), {32, 32, 64, 8}, {Activation::Kind::swish, 1}, true);
}

TEST_P(FourierSignalTest, FitsSignalsOnly) {
  EXPECT_FALSE(FourierSignal::fits(reference::conv_shape(1, 1, 9, 9, 3, 3, 1, 1)));
  EXPECT_FALSE(FourierSignal::fits(reference::conv_shape(1, 1, 1, 90, 1, 30, 2, 0)));
  EXPECT_FALSE(FourierSignal::fits(reference::conv_shape(1, 1, 1, 90, 1, 30, 1, 0, 2)));
}

OARLOCK_EACH_INSTRUCTION_SET(FourierSignalTest);

}  // namespace
}  // namespace oarlock::kernels::cpu
