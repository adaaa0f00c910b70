#include "kernels/cpu/depthwise.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/depthwise.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"

#ifndef OARLOCK_KERNELS_CPU_DEPTHWISE_CC_
#define OARLOCK_KERNELS_CPU_DEPTHWISE_CC_
namespace oarlock::kernels::cpu {

// The workspace holds padded copies of the input rows that one output row reads, as a ring: row r
// lies in slot r % depthwise_ring().
inline int64_t depthwise_ring(const ConvShape& s) {
  return (s.kernel_height - 1) * s.dilation_height + 1;
}
inline int64_t depthwise_row(const ConvShape& s) {
  return ((s.out_width - 1) * s.stride_width + (s.kernel_width - 1) * s.dilation_width + 1) * 16;
}

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_DEPTHWISE_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

#if HWY_MAX_BYTES >= 64
constexpr int kRun = 14;  // output pixels in registers
#else
constexpr int kRun = 6;
#endif
constexpr int kVectors = 16 / kLanes;

struct RowArgs {
  const float* rows;  // the ring
  const float* weights;
  const float* bias;
  float* output;
  int64_t ring_row, ring, first_slot;  // first_slot: the ring's, at kernel row ky_begin
  int64_t ky_begin, ky_end;
  float low, high;
};

template <int kPixels>
HWY_INLINE void run_of_pixels(const ConvShape& s, const RowArgs& a, int64_t x,
                              const float* residual) {
  const F32 d;
  const int64_t step = s.stride_width * 16;
#pragma GCC unroll 1
  for (int j = 0; j < kVectors; ++j) {
    const int64_t lane = j * kLanes;
    VecF32 sums[kPixels];
    const VecF32 start = a.bias ? hn::LoadU(d, a.bias + lane) : hn::Zero(d);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) sums[i] = start;
    int64_t slot = a.first_slot;
    for (int64_t ky = a.ky_begin; ky < a.ky_end; ++ky) {
      const float* row = a.rows + slot * a.ring_row + x * step + lane;
      slot += s.dilation_height;
      if (slot >= a.ring) slot -= a.ring;
      const float* w = a.weights + ky * s.kernel_width * 16 + lane;
      for (int64_t kx = 0; kx < s.kernel_width; ++kx, row += s.dilation_width * 16, w += 16) {
        const VecF32 weight = hn::LoadU(d, w);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i) {
          sums[i] = hn::MulAdd(hn::LoadU(d, row + i * step), weight, sums[i]);
        }
      }
    }
    const VecF32 low = hn::Set(d, a.low), high = hn::Set(d, a.high);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) {
      VecF32 sum = sums[i];
      if (residual) sum = hn::Add(sum, hn::LoadU(d, residual + (x + i) * 16 + lane));
      hn::StoreU(clamp_f32(d, sum, low, high), d, a.output + (x + i) * 16 + lane);
    }
  }
}

void copy_row(const ConvShape& s, const float* from, float* to) {
  const int64_t length = depthwise_row(s) / 16;
  const int64_t left = std::min(s.pad_left, length);
  const int64_t copied = std::min(s.in_width, length - left);
  std::memset(to, 0, static_cast<size_t>(left) * 16 * sizeof(float));
  std::memcpy(to + left * 16, from, static_cast<size_t>(copied) * 16 * sizeof(float));
  std::memset(to + (left + copied) * 16, 0,
              static_cast<size_t>(length - left - copied) * 16 * sizeof(float));
}

void depthwise_target(const ConvShape& s, const DepthwiseArgs& args, Range units) {
  const bool bounded = is_bounds(args.activation);
  const Bounds bounds = bounded ? bounds_of(args.activation) : Bounds{};
  RowArgs a = {};
  a.low = bounds.low;
  a.high = bounds.high;
  a.rows = args.workspace;
  a.ring_row = depthwise_row(s);
  a.ring = depthwise_ring(s);
  int64_t copied_block = -1, copied_end = 0;  // rows below copied_end are in the ring
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    const int64_t block = unit / s.out_height, y = unit % s.out_height;
    const int64_t first = y * s.stride_height - s.pad_top;
    const float* plane = args.input + block * s.in_pixels() * 16;
    if (block != copied_block) {
      copied_block = block;
      copied_end = 0;
    }
    copied_end = std::max(copied_end, std::max<int64_t>(first, 0));
    const int64_t needed = std::min(first + a.ring, s.in_height);
    for (; copied_end < needed; ++copied_end) {
      copy_row(s, plane + copied_end * s.in_width * 16,
               args.workspace + copied_end % a.ring * a.ring_row);
    }
    a.ky_begin = 0;
    a.ky_end = s.kernel_height;
    while (a.ky_begin < a.ky_end && first + a.ky_begin * s.dilation_height < 0) ++a.ky_begin;
    while (a.ky_end > a.ky_begin && first + (a.ky_end - 1) * s.dilation_height >= s.in_height) {
      --a.ky_end;
    }
    a.first_slot = (first + a.ky_begin * s.dilation_height) % a.ring;
    a.weights = args.weights + block * s.taps() * 16;
    a.bias = args.bias ? args.bias + block * 16 : nullptr;
    a.output = args.output + unit * s.out_width * 16;
    const float* residual = args.residual ? args.residual + unit * s.out_width * 16 : nullptr;
    int64_t x = 0;
    for (; x + kRun <= s.out_width; x += kRun) run_of_pixels<kRun>(s, a, x, residual);
    if constexpr (kRun > 7) {
      for (; x + 7 <= s.out_width; x += 7) run_of_pixels<7>(s, a, x, residual);
    }
    for (; x + 4 <= s.out_width; x += 4) run_of_pixels<4>(s, a, x, residual);
    for (; x < s.out_width; ++x) run_of_pixels<1>(s, a, x, residual);
    if (!bounded) {
      activate_f32(args.activation, a.output, a.output, static_cast<size_t>(s.out_width) * 16);
    }
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

HWY_EXPORT(depthwise_target);

void pack_depthwise_weights(const ConvShape& s, const float* weights, float* packed) {
  std::fill_n(packed, s.in_blocks() * s.taps() * 16, 0.0f);
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
      packed[((c / 16) * s.taps() + tap) * 16 + c % 16] = weights[c * s.taps() + tap];
    }
  }
}

size_t depthwise_workspace(const ConvShape& shape) {
  return static_cast<size_t>(depthwise_ring(shape) * depthwise_row(shape));
}

void depthwise(const ConvShape& shape, const DepthwiseArgs& args, Range rows) {
  HWY_DYNAMIC_DISPATCH(depthwise_target)(shape, args, rows);
}

}  // namespace oarlock::kernels::cpu
#endif
