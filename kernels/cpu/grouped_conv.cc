#include "kernels/cpu/grouped_conv.h"

#include <algorithm>
#include <utility>

#include "kernels/cpu/padded_row.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/grouped_conv.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/vector-inl.h"

#ifndef OARLOCK_KERNELS_CPU_GROUPED_CONV_CC_
#define OARLOCK_KERNELS_CPU_GROUPED_CONV_CC_
namespace oarlock::kernels::cpu {

inline int64_t group_channels(const ConvShape& s) { return s.out_channels / s.groups; }

// Rows of the output computed from one strip of the input's, which stays in the first-level cache.
inline int64_t strip_input_rows(const ConvShape& s, int64_t rows) {
  return (rows - 1) * s.stride_height + (s.kernel_height - 1) * s.dilation_height + 1;
}
inline int64_t strip_rows(const ConvShape& s) {
  constexpr int64_t kStripFloats = 6 * 1024;
  const int64_t most = kStripFloats / PaddedRow::floats(s);
  int64_t rows = 1;
  while (rows < s.out_height && strip_input_rows(s, rows + 1) <= most) ++rows;
  return rows;
}

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_GROUPED_CONV_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM
constexpr int kRun = 14;  // output pixels in registers
#else
constexpr int kRun = 12;
#endif

// How the channels of a vector lie with groups of kGroup: it holds kTogether whole groups, or a
// part of one.
template <int kGroup>
struct Lanes {
  static constexpr int kVector = static_cast<int>(kLanes);
  static constexpr int kTogether = std::max(1, kVector / kGroup);
  static constexpr int kSpan = std::max(kVector, kGroup);  // channels of the groups it touches

  // Reordered, channel c of group g among those of a vector lies here.
  static constexpr int at(int c, int g) { return c * kTogether + g; }
};

// A vector of the floats at p, repeated.
template <int kTogether>
HWY_INLINE VecF32 repeat(const float* p) {
  const F32 d;
  if constexpr (kTogether == 1) {
    return hn::Set(d, *p);
  } else if constexpr (kTogether == 2) {
    const hn::Repartition<double, F32> pairs;
    double pair;
    hwy::CopyBytes<sizeof pair>(p, &pair);
    return hn::BitCast(d, hn::Set(pairs, pair));
  } else {
    static_assert(kTogether == 4);
    return hn::LoadDup128(d, p);
  }
}

// Reorders `pixels` blocks of 16 channels.
template <int kGroup>
void reorder(const float* from, float* to, int64_t pixels) {
  using L = Lanes<kGroup>;
  const F32 d;
  if constexpr (L::kTogether == 1) {
    std::copy_n(from, pixels * 16, to);
  } else {
    HWY_ALIGN int32_t order[kLanes];
    for (int c = 0; c < kGroup; ++c)
      for (int g = 0; g < L::kTogether; ++g) order[L::at(c, g)] = g * kGroup + c;
    const auto indices = hn::SetTableIndices(d, order);
    for (int64_t i = 0; i < pixels * 16; i += kStep)
      hn::StoreU(hn::TableLookupLanes(hn::LoadU(d, from + i), indices), d, to + i);
  }
}

struct RunArgs {
  const float* input;     // reordered, of output pixel 0 at kernel row and column 0
  const float* weights;   // of the vector
  const float* bias;      // of the vector, or null
  const float* residual;  // at output pixel 0, or null
  float* output;          // at output pixel 0
  int64_t kernel_rows, kernel_columns, row_stride, column_stride;
  float low, high;
};

// Adds the products of all taps and channels.
template <int kGroup, int kStride, int kPixels>
HWY_INLINE void add_taps(const RunArgs& a, VecF32 (&sums)[kPixels]) {
  using L = Lanes<kGroup>;
  const float* w = a.weights;
  for (int64_t ky = 0; ky < a.kernel_rows; ++ky) {
    const float* x = a.input + ky * a.row_stride;
    for (int64_t kx = 0; kx < a.kernel_columns; ++kx, x += a.column_stride) {
#pragma GCC unroll 8
      for (int c = 0; c < kGroup; ++c) {
        const VecF32 weight = hn::LoadU(F32(), w + c * kStep);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i) {
          const VecF32 pixel = repeat<L::kTogether>(x + i * kStride * 16 + L::at(c, 0));
          add_product(pixel, weight, sums[i]);
        }
      }
      w += kGroup * kStep;
    }
  }
}

// The same for three columns side by side: what is loaded serves all of them.
template <int kGroup, int kStride, int kPixels>
HWY_INLINE void add_three_columns(const RunArgs& a, VecF32 (&sums)[kPixels]) {
  using L = Lanes<kGroup>;
  constexpr int kColumns = 3, kRead = (kPixels - 1) * kStride + kColumns;
  const float *w = a.weights, *row = a.input;
#pragma GCC unroll 1
  for (int64_t ky = 0; ky < a.kernel_rows; ++ky, row += a.row_stride) {
    const float* x = row;
#pragma GCC unroll 1
    for (int c = 0; c < kGroup; ++c, x += L::kTogether, w += kStep) {
      VecF32 weight[kColumns];
#pragma GCC unroll 4
      for (int kx = 0; kx < kColumns; ++kx) weight[kx] = hn::LoadU(F32(), w + kx * kGroup * kStep);
#pragma GCC unroll 64
      for (int n = 0; n < kRead; ++n) {
        const VecF32 pixel = repeat<L::kTogether>(x + n * 16);
#pragma GCC unroll 4
        for (int kx = 0; kx < kColumns; ++kx) {
          const int i = (n - kx) / kStride;
          if (n >= kx && (n - kx) % kStride == 0 && i < kPixels)
            add_product(pixel, weight[kx], sums[i]);
        }
      }
    }
    w += (kColumns - 1) * kGroup * kStep;
  }
}

// kPixels pixels of a row, of a vector of channels.
template <int kGroup, int kStride, bool kThreeColumns, int kPixels>
HWY_NOINLINE void run_of_pixels(const RunArgs& a) {
  using L = Lanes<kGroup>;
  const F32 d;
  VecF32 sums[kPixels];
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i) sums[i] = hn::Zero(d);
  if constexpr (kThreeColumns)
    add_three_columns<kGroup, kStride>(a, sums);
  else
    add_taps<kGroup, kStride>(a, sums);
  HWY_ALIGN int32_t order[kLanes];
  if constexpr (L::kTogether > 1) {
    for (int c = 0; c < kGroup; ++c)
      for (int g = 0; g < L::kTogether; ++g) order[g * kGroup + c] = L::at(c, g);
  }
  const VecF32 bias = a.bias ? hn::LoadU(d, a.bias) : hn::Zero(d);
  const VecF32 low = hn::Set(d, a.low), high = hn::Set(d, a.high);
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i) {
    VecF32 sum = sums[i];
    if constexpr (L::kTogether > 1) sum = hn::TableLookupLanes(sum, hn::SetTableIndices(d, order));
    sum = hn::Add(sum, bias);
    if (a.residual) sum = hn::Add(sum, hn::LoadU(d, a.residual + i * 16));
    hn::StoreU(clamp_f32(d, sum, low, high), d, a.output + i * 16);
  }
}

using RunFunction = void (*)(const RunArgs&);

// For 1, 2, ... pixels.
template <int kGroup, int kStride, bool kThreeColumns, int... kPixels>
const RunFunction* run_functions(std::integer_sequence<int, kPixels...>) {
  static constexpr RunFunction kFunctions[] = {
      run_of_pixels<kGroup, kStride, kThreeColumns, kPixels + 1>...};
  return kFunctions;
}

template <int kGroup>
const RunFunction* run_functions(const ConvShape& s) {
  constexpr std::make_integer_sequence<int, kRun> kPixels;
  if (s.kernel_width == 3 && s.dilation_width == 1)
    return s.stride_width == 1 ? run_functions<kGroup, 1, true>(kPixels)
                               : run_functions<kGroup, 2, true>(kPixels);
  return s.stride_width == 1 ? run_functions<kGroup, 1, false>(kPixels)
                             : run_functions<kGroup, 2, false>(kPixels);
}

template <int kGroup>
void run_rows(const ConvShape& s, const GroupedConvArgs& args, Range blocks, Range rows) {
  using L = Lanes<kGroup>;
  const RunFunction* const functions = run_functions<kGroup>(s);
  const bool bounded = is_bounds(args.activation);
  const Bounds bounds = bounded ? bounds_of(args.activation) : Bounds{};
  const PaddedRow padding(s);
  const int64_t row_floats = PaddedRow::floats(s), vector_weights = s.taps() * kGroup * kStep;
  RunArgs a = {};
  a.low = bounds.low;
  a.high = bounds.high;
  a.kernel_rows = s.kernel_height;
  a.kernel_columns = s.kernel_width;
  a.row_stride = s.dilation_height * row_floats;
  a.column_stride = s.dilation_width * 16;
  const int64_t strip = strip_rows(s), runs = (s.out_width + kRun - 1) / kRun;
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const float* input = args.input + block * s.in_pixels() * 16;
    for (int64_t first = rows.begin; first < rows.end; first += strip) {
      const int64_t count = std::min(strip, rows.end - first);
      const int64_t top = first * s.stride_height - s.pad_top;
      for (int64_t i = 0; i < strip_input_rows(s, count); ++i) {
        float* row = args.workspace + i * row_floats;
        const int64_t y = top + i;
        if (y < 0 || y >= s.in_height) {
          std::fill_n(row, row_floats, 0.0f);
          continue;
        }
        padding.clear_padding(row);
        reorder<kGroup>(input + y * s.in_width * 16, row + padding.left * 16, padding.count);
      }
      for (int64_t lane = 0; lane < 16; lane += kStep) {
        a.weights = args.weights + (block * 16 + lane) / kStep * vector_weights;
        a.bias = args.bias ? args.bias + block * 16 + lane : nullptr;
        for (int64_t i = 0; i < count; ++i) {
          const float* row = args.workspace + i * s.stride_height * row_floats;
          const int64_t at = ((block * s.out_height + first + i) * s.out_width) * 16 + lane;
          for (int64_t run = 0; run < runs; ++run) {
            const int64_t x = s.out_width * run / runs, end = s.out_width * (run + 1) / runs;
            a.input = row + x * s.stride_width * 16 + lane / L::kSpan * L::kSpan;
            a.output = args.output + at + x * 16;
            a.residual = args.residual ? args.residual + at + x * 16 : nullptr;
            functions[end - x - 1](a);
          }
        }
      }
      if (!bounded) {
        float* out = args.output + (block * s.out_height + first) * s.out_width * 16;
        activate_f32(args.activation, out, out, static_cast<size_t>(count * s.out_width) * 16);
      }
    }
  }
}

void grouped_conv_target(const ConvShape& s, const GroupedConvArgs& args, Range blocks,
                         Range rows) {
  if (group_channels(s) == 4) {
    run_rows<4>(s, args, blocks, rows);
  } else {
    run_rows<8>(s, args, blocks, rows);
  }
}

// [vector of channels][ky][kx][channel of the group][lane].
template <int kGroup>
void pack(const ConvShape& s, const float* weights, float* packed) {
  using L = Lanes<kGroup>;
  for (int64_t tap_row = 0; tap_row < s.out_blocks() * 16 / kStep * s.taps(); ++tap_row) {
    const int64_t first = tap_row / s.taps() * kStep, tap = tap_row % s.taps();
    float* const to = packed + tap_row * kGroup * kStep;
    for (int64_t lane = 0; lane < kStep; ++lane) {
      // Results of a vector are reordered like the input.
      const int64_t filter = L::kTogether == 1
                                 ? first + lane
                                 : first + lane % L::kTogether * kGroup + lane / L::kTogether;
      if (filter >= s.out_channels) continue;
      for (int64_t c = 0; c < kGroup; ++c)
        to[c * kStep + lane] = weights[(filter * kGroup + c) * s.taps() + tap];
    }
  }
}

void pack_target(const ConvShape& s, const float* weights, float* packed) {
  if (group_channels(s) == 4) {
    pack<4>(s, weights, packed);
  } else {
    pack<8>(s, weights, packed);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(pack_target);
OARLOCK_EXPORT(grouped_conv_target);

bool grouped_conv_fits(const ConvShape& s) {
  return s.groups > 1 && s.in_channels == s.out_channels &&
         (s.out_channels == 4 * s.groups || s.out_channels == 8 * s.groups) && s.stride_width <= 2;
}

size_t grouped_conv_packed_size(const ConvShape& s) {
  return static_cast<size_t>(s.out_blocks() * 16 * s.taps() * group_channels(s));
}

void pack_grouped_weights(const ConvShape& s, const float* weights, float* packed) {
  std::fill_n(packed, grouped_conv_packed_size(s), 0.0f);
  OARLOCK_DISPATCH(pack_target)(s, weights, packed);
}

size_t grouped_conv_workspace(const ConvShape& s) {
  return static_cast<size_t>(strip_input_rows(s, strip_rows(s)) * PaddedRow::floats(s));
}

void grouped_conv(const ConvShape& shape, const GroupedConvArgs& args, Range blocks, Range rows) {
  OARLOCK_DISPATCH(grouped_conv_target)(shape, args, blocks, rows);
}

}  // namespace oarlock::kernels::cpu
#endif
