#include "kernels/cpu/fourier_depthwise.h"

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fourier_depthwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/fourier_lines-inl.h"

#ifndef OARLOCK_KERNELS_CPU_FOURIER_DEPTHWISE_CC_
#define OARLOCK_KERNELS_CPU_FOURIER_DEPTHWISE_CC_
namespace oarlock::kernels::cpu {

// A part of one block. Spectra lie in the workspace as [number][slot][re, im][lanes]; output line i
// takes the place of slot i, which no later one reads.
struct FourierDepthwiseAccess {
  const FourierAxis &along, &across;
  const std::vector<FourierStage<float>>& stages;
  int64_t length, numbers, slot_stride;
  FourierTile tile;
  FourierStrip strip;

  FourierDepthwiseAccess(const FourierDepthwise& c, int64_t part)
      : along(c.along_),
        across(c.across_),
        stages(c.stages_),
        length(c.blocking_.length),
        numbers(length / 2 + 1),
        slot_stride(c.slots_ | 1),
        tile(along, c.blocking_, part % c.tiles_),
        strip(across, c.blocking_, part / c.tiles_) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_FOURIER_DEPTHWISE_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

constexpr int kBlockVectors = 16 / kLanes;
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM
constexpr int kLineRun = 6;  // output lines whose sums are in registers
#else
constexpr int kLineRun = 4;
#endif

size_t workspace_floats(int64_t length, int64_t slot_stride) {
  return static_cast<size_t>(((length / 2 + 1) * slot_stride + 2 * length) * kNumber);
}

class Part {
 public:
  Part(const FourierDepthwiseAccess& c, const FourierDepthwise::Args& args, int64_t block,
       int64_t lane, int64_t in_pixels, int64_t out_pixels)
      : c_(c),
        input_(args.input + block * in_pixels * 16 + lane),
        weights_(args.weights + block * c.numbers * c.across.kernel * 32 + lane),
        bias_(args.bias ? args.bias + block * 16 + lane : nullptr),
        residual_(args.residual ? args.residual + block * out_pixels * 16 + lane : nullptr),
        output_(args.output + block * out_pixels * 16 + lane),
        spectra_(args.workspace),
        numbers_(args.workspace + c.numbers * c.slot_stride * kNumber),
        others_(numbers_ + c.length * kNumber) {}

  template <class F>
  void run(const F& activate) const {
    for (int64_t slot = c_.strip.valid.begin; slot < c_.strip.valid.end; slot += 2) forward(slot);
    for (int64_t k = 0; k < c_.numbers; ++k) multiply(spectra_ + k * c_.slot_stride * kNumber, k);
    for (int64_t line = 0; line < c_.strip.lines; line += 2) backward(line, activate);
  }

 private:
  Spectrum spectrum(int64_t slot) const {
    return {spectra_ + slot * kNumber, c_.slot_stride * kNumber, kLanes};
  }

  // Spectra of the input lines of two slots.
  void forward(int64_t slot) const {
    const bool two = slot + 1 < c_.strip.valid.end;
    const float* a = input_ + (c_.strip.first_slot + slot) * c_.across.in_step;
    transform_lines(c_.stages, c_.length, c_.tile, a, two ? a + c_.across.in_step : a,
                    c_.along.in_step, numbers_, others_, spectrum(slot),
                    spectrum(two ? slot + 1 : slot));
  }

  // Sums of products for number k of the spectra: output line y is the sum over the kernel's lines
  // j of slot (y * stride + j * dilation) times j.
  void multiply(float* x, int64_t k) const {
    const int64_t stride = c_.across.stride, dilation = c_.across.dilation;
    const int64_t margin = (kLineRun - 1) * stride;
    const int64_t before = std::max<int64_t>(c_.strip.valid.begin - margin, 0);
    const int64_t after = std::min(c_.strip.valid.end + margin, c_.slot_stride);
    clear_numbers(x + before * kNumber, c_.strip.valid.begin - before);
    clear_numbers(x + c_.strip.valid.end * kNumber, after - c_.strip.valid.end);
    const float* w = weights_ + k * c_.across.kernel * 32;
    int64_t y = 0;
    const auto run = [&](auto rows) HWY_ATTR {
      constexpr int kRows = decltype(rows)::value;
      for (; y + kRows <= c_.strip.lines; y += kRows) {
        // Kernel lines of which any row meets a line of the input.
        const int64_t lowest = c_.strip.valid.begin - (y + kRows - 1) * stride;
        const int64_t highest = c_.strip.valid.end - 1 - y * stride;
        const int64_t begin = std::max<int64_t>((lowest + dilation - 1) / dilation, 0);
        const int64_t end = highest < 0 ? 0 : std::min(highest / dilation + 1, c_.across.kernel);
        multiply_lines<kRows>(x + (y * stride + begin * dilation) * kNumber, w + begin * 32,
                              end - begin, x + y * kNumber);
      }
    };
    run(std::integral_constant<int, kLineRun>());
    run(std::integral_constant<int, kLineRun / 2>());
    run(std::integral_constant<int, 1>());
  }

  template <int kRows>
  HWY_INLINE void multiply_lines(const float* x, const float* w, int64_t count, float* y) const {
    const F32 d;
    const int64_t row_step = c_.across.stride * kNumber, tap_step = c_.across.dilation * kNumber;
    ComplexF32 sums[kRows];
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) sums[i] = {hn::Zero(d), hn::Zero(d)};
    for (int64_t j = 0; j < count; ++j, x += tap_step, w += 32) {
      const VecF32 re = hn::LoadU(d, w), im = hn::LoadU(d, w + 16);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        const ComplexF32 v = load_complex(d, x + i * row_step);
        sums[i].re = hn::MulAdd(v.re, re, sums[i].re);
        sums[i].im = hn::MulAdd(v.re, im, sums[i].im);
        sums[i].re = hn::NegMulAdd(v.im, im, sums[i].re);
        sums[i].im = hn::MulAdd(v.im, re, sums[i].im);
      }
    }
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) store_complex(d, sums[i], y + i * kNumber);
  }

  // Two output lines from their spectra.
  template <class F>
  void backward(int64_t line, const F& activate) const {
    const bool two = line + 1 < c_.strip.lines;
    const int64_t at = (c_.strip.first_line + line) * c_.across.out_step +
                       c_.tile.first_output * c_.along.out_step;
    LineOutput out = {c_.tile.outputs, c_.along.out_step, bias_,
                      residual_ ? residual_ + at : nullptr, output_ + at};
    merge_spectra(spectrum(line), spectrum(two ? line + 1 : line), c_.length, numbers_);
    const float* z = run_stages(F32(), c_.stages, numbers_, others_);
    emit_line(z + kLanes, out, activate);
    if (two) emit_line(z, out.moved(c_.across.out_step), activate);
  }

  const FourierDepthwiseAccess& c_;
  const float *input_, *weights_, *bias_, *residual_;
  float *output_, *spectra_, *numbers_, *others_;
};

void run_part(const FourierDepthwiseAccess& c, const FourierDepthwise::Args& args, int64_t block,
              int64_t in_pixels, int64_t out_pixels) {
  for (int j = 0; j < kBlockVectors; ++j) {
    const Part part(c, args, block, j * static_cast<int64_t>(kLanes), in_pixels, out_pixels);
    with_activation(F32(), args.activation, [&](const auto& f) HWY_ATTR { part.run(f); });
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(workspace_floats);
OARLOCK_EXPORT(run_part);

bool FourierDepthwise::fits(const ConvShape& s, bool along_width) {
  return s.groups == s.in_channels && s.groups == s.out_channels &&
         FourierAxis(s, along_width).stride == 1;
}

FourierDepthwise::FourierDepthwise(const ConvShape& shape, const FourierBlocking& blocking)
    : shape_(shape),
      blocking_(blocking),
      along_(shape, blocking.along_width),
      across_(shape, !blocking.along_width),
      tiles_((along_.out + blocking.tile - 1) / blocking.tile),
      strips_((across_.out + blocking.strip - 1) / blocking.strip),
      slots_(FourierStrip::slots(across_, blocking)),
      stages_(fourier_stages<float>(blocking.length, false)) {}

size_t FourierDepthwise::packed_size() const {
  return static_cast<size_t>(shape_.in_blocks() * (blocking_.length / 2 + 1) * across_.kernel * 32);
}

void FourierDepthwise::pack_weights(const float* weights, float* packed, Range blocks) const {
  // An output is a sum over later inputs: the conjugate spectrum, which is the inverse transform,
  // divided by the length as the products need it, and by two for split_spectrum.
  const Fourier fourier(blocking_.length, true);
  const int64_t lanes = Fourier::lanes(), n = blocking_.length, numbers = n / 2 + 1;
  const int64_t along_step = blocking_.along_width ? 1 : shape_.kernel_width;
  const int64_t across_step = blocking_.along_width ? shape_.kernel_width : 1;
  std::vector<double> data(static_cast<size_t>(fourier.workspace()));
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    float* const to = packed + block * numbers * across_.kernel * 32;
    for (int64_t i = 0; i < across_.kernel * 16 / lanes; ++i) {
      const int64_t line = i / (16 / lanes), first = i % (16 / lanes) * lanes;
      std::fill_n(data.data(), n * 2 * lanes, 0.0);
      for (int64_t l = 0; l < lanes; ++l) {
        const int64_t channel = block * 16 + first + l;
        if (channel >= shape_.in_channels) continue;
        for (int64_t j = 0; j < along_.kernel; ++j)
          data[static_cast<size_t>(j * along_.dilation % n * 2 * lanes + l)] += static_cast<double>(
              weights[channel * shape_.taps() + line * across_step + j * along_step]);
      }
      fourier.transform(data.data());
      for (int64_t k = 0; k < numbers; ++k)
        for (int64_t l = 0; l < lanes; ++l) {
          float* const v = to + (k * across_.kernel + line) * 32 + first + l;
          v[0] = static_cast<float>(0.5 * data[static_cast<size_t>(k * 2 * lanes + l)]);
          v[16] = static_cast<float>(0.5 * data[static_cast<size_t>((k * 2 + 1) * lanes + l)]);
        }
    }
  }
}

size_t FourierDepthwise::workspace() const {
  return OARLOCK_DISPATCH(workspace_floats)(blocking_.length, slots_ | 1);
}

void FourierDepthwise::run(const Args& args, int64_t block, int64_t part) const {
  OARLOCK_DISPATCH(run_part)
  (FourierDepthwiseAccess(*this, part), args, block, shape_.in_pixels(), shape_.out_pixels());
}

}  // namespace oarlock::kernels::cpu
#endif
