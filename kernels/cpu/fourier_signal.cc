#include "kernels/cpu/fourier_signal.h"

#include <algorithm>
#include <type_traits>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fourier_signal.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "kernels/cpu/fourier_lines-inl.h"
#include "kernels/cpu/transpose_tile-inl.h"
#include "kernels/cpu/vector-inl.h"

#ifndef OARLOCK_KERNELS_CPU_FOURIER_SIGNAL_CC_
#define OARLOCK_KERNELS_CPU_FOURIER_SIGNAL_CC_
namespace oarlock::kernels::cpu {

struct FourierSignalAccess {
  const ConvShape& shape;
  const FourierSignal::Blocking& blocking;
  const std::vector<FourierStage<float>>& stages;
  int64_t parts, segments, numbers, in_channels, out_channels;  // of a group

  explicit FourierSignalAccess(const FourierSignal& c)
      : shape(c.shape_),
        blocking(c.blocking_),
        stages(c.stages_),
        parts(c.parts_),
        segments(c.segments_),
        numbers(c.blocking_.length / 2 + 1),
        in_channels(c.shape_.in_channels / c.shape_.groups),
        out_channels(c.shape_.out_channels / c.shape_.groups) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_FOURIER_SIGNAL_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

constexpr int64_t kPair = 2 * kStep;  // windows transformed together

int64_t in_pairs(int64_t n) { return (n + kPair - 1) / kPair * kPair; }

// The workspace: spectra of windows, [input channel][number][re, im][window]; of segments,
// [number][ re, im][segment]; two lines of numbers.
struct Rooms {
  int64_t windows, segments, in_channel, out_spectra, line;

  explicit Rooms(const FourierSignalAccess& c)
      : windows(in_pairs(in_pairs(c.blocking.chunk) + c.parts - 1)),
        segments(in_pairs(c.blocking.chunk)),
        in_channel(c.numbers * 2 * windows),
        out_spectra(c.numbers * 2 * segments),
        line(c.blocking.length * kNumber) {}
};

size_t workspace_floats(const FourierSignalAccess& c) {
  const Rooms r(c);
  return static_cast<size_t>(c.in_channels * r.in_channel + r.out_spectra + 2 * r.line);
}

class Chunk {
 public:
  Chunk(const FourierSignalAccess& c, float* workspace, int64_t chunk)
      : c_(c),
        rooms_(c),
        first_(chunk * c.blocking.chunk),
        count_(std::min(c.blocking.chunk, c.segments - first_)),
        vectors_((count_ + kStep - 1) / kStep),
        in_spectra_(workspace),
        out_spectra_(workspace + c.in_channels * rooms_.in_channel),
        numbers_(out_spectra_ + rooms_.out_spectra),
        others_(numbers_ + rooms_.line) {}

  // Spectra of the windows of input channel i of the group, whose values are x.
  void forward(const float* x, int64_t i) const {
    float* const to = in_spectra_ + i * rooms_.in_channel;
    // Also of lanes that are no segments: they are the other part of numbers with some that are.
    for (int64_t w = 0; w < vectors_ * kStep + c_.parts - 1; w += kPair) {
      for (int64_t l = 0; l < kPair; l += kStep) gather(x, first_ + w + l, numbers_ + l);
      const float* z = run_stages(F32(), c_.stages, numbers_, others_);
      split_spectrum(z, c_.blocking.length, {to + w, 2 * rooms_.windows, rooms_.windows},
                     {to + w + kLanes, 2 * rooms_.windows, rooms_.windows});
    }
  }

  // Spectra of the segments of an output channel with weights w.
  void multiply(const float* w) const {
    for (int64_t k = 0; k < c_.numbers; ++k, w += c_.in_channels * c_.parts * 2) {
      int64_t v = 0;
      const auto run = [&](auto width) HWY_ATTR {
        constexpr int kVectors = decltype(width)::value;
        for (; v + kVectors <= vectors_; v += kVectors)
          multiply_number<kVectors>(w, in_spectra_ + k * 2 * rooms_.windows + v * kLanes,
                                    out_spectra_ + k * 2 * rooms_.segments + v * kLanes);
      };
      run(std::integral_constant<int, 4>());
      run(std::integral_constant<int, 2>());
      run(std::integral_constant<int, 1>());
    }
  }

  // Values of the segments, y being the channel's first.
  void backward(float* y) const {
    const int64_t hop = c_.blocking.hop;
    for (int64_t t = 0; t < count_; t += kPair) {
      const bool two = t + kStep < count_;
      const Spectrum a = {out_spectra_ + t, 2 * rooms_.segments, rooms_.segments};
      const Spectrum b = {two ? a.at + kLanes : a.at, a.step, a.imag};
      merge_spectra(a, b, c_.blocking.length, numbers_);
      const float* z = run_stages(F32(), c_.stages, numbers_, others_);
      for (int64_t l = 0; l <= (two ? kStep : 0); l += kStep) {
        const int64_t segment = first_ + t + l;
        const int64_t lanes = std::min(kStep, first_ + count_ - segment);
        const int64_t whole = std::clamp<int64_t>(c_.shape.out_width / hop - segment, 0, lanes);
        const float* from = l == 0 ? z + kLanes : z;
        transpose_tile(from, kNumber, hop, whole, y + segment * hop, hop);
        for (int64_t i = whole; i < lanes; ++i)
          for (int64_t n = 0; n < c_.shape.out_width - (segment + i) * hop; ++n)
            y[(segment + i) * hop + n] = from[n * kNumber + i];
      }
    }
  }

  // The values that the chunk writes.
  Range outputs() const {
    return {first_ * c_.blocking.hop,
            std::min((first_ + count_) * c_.blocking.hop, c_.shape.out_width)};
  }

 private:
  // The values of windows from `window` on, one a lane, zeros where there are none.
  void gather(const float* x, int64_t window, float* z) const {
    const int64_t hop = c_.blocking.hop, length = c_.blocking.length, lanes = kStep;
    const int64_t start = window * hop - c_.shape.pad_left;
    // Lanes [begin, end) are wholly inside.
    const int64_t begin = std::clamp<int64_t>(start < 0 ? (-start + hop - 1) / hop : 0, 0, lanes);
    const int64_t room = c_.shape.in_width - length - start;
    const int64_t end = room < 0 ? begin : std::clamp<int64_t>(room / hop + 1, begin, lanes);
    if (begin < end)
      transpose_tile(x + start + begin * hop, hop, end - begin, length, z + begin, kNumber);
    for (int64_t i = 0; i < lanes; ++i) {
      if (i >= begin && i < end) continue;
      const int64_t at = start + i * hop;
      for (int64_t n = 0; n < length; ++n)
        z[n * kNumber + i] = at + n >= 0 && at + n < c_.shape.in_width ? x[at + n] : 0.0f;
    }
  }

  template <int kVectors>
  HWY_INLINE void multiply_number(const float* w, const float* x, float* y) const {
    const F32 d;
    ComplexF32 sums[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums[v] = {hn::Zero(d), hn::Zero(d)};
    for (int64_t i = 0; i < c_.in_channels; ++i, x += rooms_.in_channel) {
      for (int64_t j = 0; j < c_.parts; ++j, w += 2) {
        const VecF32 re = hn::Set(d, w[0]), im = hn::Set(d, w[1]);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const VecF32 a = hn::LoadU(d, x + j + v * kLanes);
          const VecF32 b = hn::LoadU(d, x + rooms_.windows + j + v * kLanes);
          sums[v].re = hn::MulAdd(a, re, sums[v].re);
          sums[v].im = hn::MulAdd(a, im, sums[v].im);
          sums[v].re = hn::NegMulAdd(b, im, sums[v].re);
          sums[v].im = hn::MulAdd(b, re, sums[v].im);
        }
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[v].re, d, y + v * kLanes);
      hn::StoreU(sums[v].im, d, y + rooms_.segments + v * kLanes);
    }
  }

  const FourierSignalAccess& c_;
  Rooms rooms_;
  int64_t first_, count_, vectors_;  // segments, and vectors of them
  float *in_spectra_, *out_spectra_, *numbers_, *others_;
};

// In place: y = activation(y + bias + residual).
void finish(const Activation& activation, float bias, const float* residual, float* y, int64_t n) {
  const F32 d;
  const VecF32 add = hn::Set(d, bias);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    VecF32 v = hn::Add(hn::LoadU(d, y + i), add);
    if (residual) v = hn::Add(v, hn::LoadU(d, residual + i));
    hn::StoreU(v, d, y + i);
  }
  for (; i < n; ++i) y[i] += bias + (residual ? residual[i] : 0.0f);
  activate_rows(activation, y, n, 1, n);
}

void run_chunk(const FourierSignalAccess& c, const FourierSignal::Args& args, int64_t group,
               int64_t number) {
  const Chunk chunk(c, args.workspace, number);
  const Range outputs = chunk.outputs();
  for (int64_t i = 0; i < c.in_channels; ++i)
    chunk.forward(args.input + (group * c.in_channels + i) * c.shape.in_width, i);
  for (int64_t o = group * c.out_channels; o < (group + 1) * c.out_channels; ++o) {
    const int64_t first = o * c.shape.out_width;
    chunk.multiply(args.weights + o * c.numbers * c.in_channels * c.parts * 2);
    chunk.backward(args.output + first);
    finish(args.activation, args.bias ? args.bias[o] : 0.0f,
           args.residual ? args.residual + first + outputs.begin : nullptr,
           args.output + first + outputs.begin, outputs.end - outputs.begin);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(run_chunk);
OARLOCK_EXPORT(workspace_floats);

bool FourierSignal::fits(const ConvShape& s) {
  return s.in_height == 1 && s.kernel_height == 1 && s.out_height == 1 && s.stride_width == 1 &&
         s.dilation_width == 1 && s.pad_top == 0;
}

FourierSignal::FourierSignal(const ConvShape& shape, const Blocking& blocking)
    : shape_(shape),
      blocking_(blocking),
      parts_((shape.kernel_width + blocking.part - 1) / blocking.part),
      segments_((shape.out_width + blocking.hop - 1) / blocking.hop),
      stages_(fourier_stages<float>(blocking.length, false)) {}

size_t FourierSignal::packed_size() const {
  return static_cast<size_t>(shape_.out_channels * (blocking_.length / 2 + 1) *
                             (shape_.in_channels / shape_.groups) * parts_ * 2);
}

void FourierSignal::pack_weights(const float* weights, float* packed, Range out_channels) const {
  // An output is a sum over later inputs: the conjugate spectrum, which is the inverse transform,
  // divided by the length as the products need it, and by two for split_spectrum.
  const Fourier fourier(blocking_.length, true);
  const int64_t lanes = Fourier::lanes(), numbers = blocking_.length / 2 + 1;
  const int64_t lines = shape_.in_channels / shape_.groups * parts_;  // of an output channel
  std::vector<double> data(static_cast<size_t>(fourier.workspace()));
  for (int64_t first = out_channels.begin * lines; first < out_channels.end * lines;
       first += lanes) {
    const int64_t count = std::min(lanes, out_channels.end * lines - first);
    std::fill_n(data.data(), blocking_.length * 2 * lanes, 0.0);
    for (int64_t l = 0; l < count; ++l) {
      const int64_t part = (first + l) % parts_ * blocking_.part;
      const float* from = weights + (first + l) / parts_ * shape_.kernel_width + part;
      for (int64_t n = 0; n < std::min(blocking_.part, shape_.kernel_width - part); ++n)
        data[static_cast<size_t>(n * 2 * lanes + l)] = static_cast<double>(from[n]);
    }
    fourier.transform(data.data());
    for (int64_t k = 0; k < numbers; ++k)
      for (int64_t l = 0; l < count; ++l) {
        const int64_t channel = (first + l) / lines, line = (first + l) % lines;
        float* const to = packed + ((channel * numbers + k) * lines + line) * 2;
        to[0] = static_cast<float>(0.5 * data[static_cast<size_t>(k * 2 * lanes + l)]);
        to[1] = static_cast<float>(0.5 * data[static_cast<size_t>((k * 2 + 1) * lanes + l)]);
      }
  }
}

size_t FourierSignal::workspace() const {
  return OARLOCK_DISPATCH(workspace_floats)(FourierSignalAccess(*this));
}

void FourierSignal::run(const Args& args, int64_t group, int64_t chunk) const {
  OARLOCK_DISPATCH(run_chunk)(FourierSignalAccess(*this), args, group, chunk);
}

}  // namespace oarlock::kernels::cpu
#endif
