#include "kernels/cpu/depthwise.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "kernels/cpu/padded_row.h"
#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/depthwise.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/conv_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_DEPTHWISE_CC_
#define OARLOCK_KERNELS_CPU_DEPTHWISE_CC_
namespace oarlock::kernels::cpu {

// Rows of the input are read where they are, unless padding reaches more than the two outermost
// pixels of an output row, or they are computed on the way: then the workspace holds the rows that
// one output row reads, padded, as a ring for each of the channel blocks that are worked on
// together; row r lies in slot r % depthwise_ring().
inline bool depthwise_in_place(const ConvShape& s, bool expanded) {
  return !expanded && s.pad_left <= 2 * s.stride_width && s.right_overhang() <= 2 * s.stride_width;
}
inline int64_t depthwise_ring(const ConvShape& s) {
  return (s.kernel_height - 1) * s.dilation_height + 1;
}

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_DEPTHWISE_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

// Most output pixels in registers.
#if HWY_MAX_BYTES >= 64
constexpr int kRun = 14;
#else
constexpr int kRun = 12;
#endif

// Channel blocks that are worked on together.
int64_t depthwise_group(bool expanded) { return expanded ? kPanelBlocks : 1; }

struct RowArgs {
  const float* rows;  // the ring, or the input's channel block
  const float* weights;
  const float* bias;
  float* output;
  int64_t ring_row, ring, first_slot;  // first_slot: the ring's, at kernel row ky_begin
  int64_t first_column;                // of a row of the ring or input, for output pixel 0
  int64_t columns;                     // of the input; a ring has all that are read
  int64_t ky_begin, ky_end;
  float low, high;
};

// Columns of a kernel whose weights stay in registers beside the sums, and most pixels of two
// vectors at once: few pixels alone would wait for their sums.
#if HWY_MAX_BYTES >= 64 || HWY_ARCH_ARM
constexpr int kColumnsTogether = 5, kFewPixels = 7;
#else
constexpr int kColumnsTogether = 3, kFewPixels = 4;
#endif

// Adds the products of kColumns kernel columns from kFirst on, of one row; pixels of the row that
// are not in the input, `missing` at each end, add nothing.
template <int kWidth, int kStride, int kFirst, int kColumns, int kVectors, int kPixels>
HWY_INLINE void add_columns(const float* row, const float* w, int64_t missing_left,
                            int64_t missing_right, VecF32 (&sums)[kVectors][kPixels]) {
  constexpr int kReach = kWidth / 2, kRead = (kPixels - 1) * kStride + kWidth;
  const F32 d;
#pragma GCC unroll 2
  for (int v = 0; v < kVectors; ++v) {
    VecF32 weights[kColumns];
#pragma GCC unroll 8
    for (int kx = 0; kx < kColumns; ++kx)
      weights[kx] = hn::LoadU(d, w + (kFirst + kx) * 16 + v * kLanes);
#pragma GCC unroll 64
    for (int n = kFirst; n < kRead - (kWidth - kFirst - kColumns); ++n) {
      const int right = kRead - 1 - n;
      if (n < kReach && n < missing_left) continue;
      if (right < kReach && right < missing_right) continue;
      const VecF32 pixel = hn::LoadU(d, row + n * 16 + v * kLanes);
#pragma GCC unroll 8
      for (int kx = 0; kx < kColumns; ++kx) {
        const int i = (n - kFirst - kx) / kStride;
        if (n >= kFirst + kx && (n - kFirst - kx) % kStride == 0 && i < kPixels)
          add_product(pixel, weights[kx], sums[v][i]);
      }
    }
  }
}

// A run for kernels of kWidth columns, of which at most half reach out of the input at its ends.
template <int kPixels, int kWidth, int kStride>
HWY_NOINLINE void run_of_width(const ConvShape& s, const RowArgs& a, int64_t x,
                               const float* residual) {
  constexpr int kVectors = kPixels <= kFewPixels && kBlockVectors > 1 ? 2 : 1;  // at once
  constexpr int kFirst = std::min(kWidth, kColumnsTogether), kRest = kWidth - kFirst;
  const F32 d;
  const int64_t begin = x * kStride + a.first_column;
  const int64_t missing_left = -begin;
  const int64_t missing_right = begin + (kPixels - 1) * kStride + kWidth - a.columns;
  const int64_t ring = a.ring, ring_row = a.ring_row, row_step = s.dilation_height;
#pragma GCC unroll 1
  for (int j = 0; j < kBlockVectors; j += kVectors) {
    const int64_t lane = j * kLanes;
    VecF32 sums[kVectors][kPixels];
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
      const VecF32 start = a.bias ? hn::LoadU(d, a.bias + lane + v * kLanes) : hn::Zero(d);
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) sums[v][i] = start;
    }
    const float* w = a.weights + a.ky_begin * kWidth * 16 + lane;
    const float* rows = a.rows + begin * 16 + lane;
    int64_t slot = a.first_slot;
#pragma GCC unroll 1
    for (int64_t ky = a.ky_begin; ky < a.ky_end; ++ky, w += kWidth * 16) {
      const float* row = rows + slot * ring_row;
      slot += row_step;
      if (slot >= ring) slot -= ring;
      add_columns<kWidth, kStride, 0, kFirst>(row, w, missing_left, missing_right, sums);
      if constexpr (kRest > 0)
        add_columns<kWidth, kStride, kFirst, kRest>(row, w, missing_left, missing_right, sums);
    }
    const VecF32 low = hn::Set(d, a.low), high = hn::Set(d, a.high);
    float* const output = a.output + x * 16 + lane;
#pragma GCC unroll 2
    for (int v = 0; v < kVectors; ++v) {
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) {
        VecF32 sum = sums[v][i];
        if (residual) sum = hn::Add(sum, hn::LoadU(d, residual + (x + i) * 16 + lane + v * kLanes));
        hn::StoreU(clamp_f32(d, sum, low, high), d, output + i * 16 + v * kLanes);
      }
    }
  }
}

// kEdges: the two first and the two last pixels may read columns that are not in the input.
template <int kPixels, bool kEdges>
HWY_NOINLINE void run_of_pixels(const ConvShape& s, const RowArgs& a, int64_t x,
                                const float* residual) {
  constexpr int kEdge = 2;
  const F32 d;
  const int64_t step = s.stride_width * 16;
  const int64_t begin = x * s.stride_width + a.first_column;
#pragma GCC unroll 1
  for (int j = 0; j < kBlockVectors; ++j) {
    const int64_t lane = j * kLanes;
    VecF32 sums[kPixels];
    const VecF32 start = a.bias ? hn::LoadU(d, a.bias + lane) : hn::Zero(d);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) sums[i] = start;
    int64_t slot = a.first_slot;
    for (int64_t ky = a.ky_begin; ky < a.ky_end; ++ky) {
      const float* row = a.rows + slot * a.ring_row + begin * 16 + lane;
      slot += s.dilation_height;
      if (slot >= a.ring) slot -= a.ring;
      const float* w = a.weights + ky * s.kernel_width * 16 + lane;
      int64_t column = begin;
#pragma GCC unroll 3
      for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
        const VecF32 weight = hn::LoadU(d, w);
#pragma GCC unroll 16
        for (int i = 0; i < kPixels; ++i) {
          const float* pixel = row + i * step;
          if constexpr (kEdges) {
            const auto at = static_cast<uint64_t>(column + i * s.stride_width);
            const int from_end = std::min(i, kPixels - 1 - i);
            if (from_end < kEdge && at >= static_cast<uint64_t>(s.in_width)) pixel = kZeroBlock;
          }
          sums[i] = hn::MulAdd(hn::LoadU(d, pixel), weight, sums[i]);
        }
        column += s.dilation_width;
        row += s.dilation_width * 16;
        w += 16;
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

// Rows of the input stay where they are, ...
class RowsInPlace {
 public:
  static constexpr bool kInPlace = true;

  RowsInPlace(const ConvShape& s, const DepthwiseArgs& args) : shape_(s), input_(args.input) {}
  const float* of(int64_t block) const { return input_ + block * shape_.in_pixels() * 16; }

 private:
  const ConvShape& shape_;
  const float* input_;
};

// ... are copied ...
class CopiedRows {
 public:
  static constexpr bool kInPlace = false;

  CopiedRows(const ConvShape& s, const DepthwiseArgs& args)
      : shape_(s), input_(args.input), padding_(s) {}

  void fill(int64_t block, int64_t, int64_t y, float* row, int64_t) const {
    padding_.clear_padding(row);
    const float* from = input_ + (block * shape_.in_pixels() + y * shape_.in_width) * 16;
    std::memcpy(row + padding_.left * 16, from,
                static_cast<size_t>(padding_.count) * 16 * sizeof(float));
  }

 private:
  const ConvShape& shape_;
  const float* input_;
  PaddedRow padding_;
};

// ... or come from a pointwise convolution.
class ExpandedRows {
 public:
  static constexpr bool kInPlace = false;
  static constexpr int64_t kSweep = 512;  // bytes for an input block, two lines for four channels

  ExpandedRows(const ConvShape& s, const DepthwiseArgs& args)
      : shape_(s),
        expansion_(*args.expansion),
        padding_(s),
        in_blocks_((expansion_.in_channels + 15) / 16),
        bounded_(is_bounds(expansion_.activation)),
        upcoming_(expansion_.upcoming) {
    set_bounds(expansion_.activation, tile_);
    tile_.in_block_stride = s.in_pixels() * 16;
    tile_.in_blocks = static_cast<int32_t>(in_blocks_);
    tile_.last_channels = last_channels(expansion_.in_channels);
    tile_.prefetch = expansion_.weights;
  }

  // `blocks` rows, `stride` floats apart.
  void fill(int64_t block, int64_t blocks, int64_t y, float* row, int64_t stride) {
    tile_.weights = expansion_.weights + block * in_blocks_ * 16 * 16;
    tile_.weight_block_stride = 16 * blocks * 16;
    tile_.bias = expansion_.bias ? expansion_.bias + block * 16 : nullptr;
    tile_.out_block_stride = stride;
    float* to = row + padding_.left * 16;
    if (padding_.count > 0) {
      const int64_t parts = part_count(padding_.count, blocks);
      tile_.input = expansion_.input + y * shape_.in_width * 16;
      tile_.output = to;
      if (first_block_ < 0) first_block_ = block;
      tile_.brings = block == first_block_;
      sweep_upcoming(upcoming_, kSweep * in_blocks_ * parts, in_blocks_ * parts * 4, tile_);
      table_of<Pointwise>.run(tile_, padding_.count, blocks);
    }
    for (int64_t b = 0; b < blocks; ++b) {
      padding_.clear_padding(row + b * stride);
      if (!bounded_) {
        activate_f32(expansion_.activation, to + b * stride, to + b * stride,
                     static_cast<size_t>(padding_.count) * 16);
      }
    }
  }

 private:
  const ConvShape& shape_;
  const Expansion& expansion_;
  PaddedRow padding_;
  int64_t in_blocks_;
  int64_t first_block_ = -1;  // that was filled, which brings the input for the others
  bool bounded_;
  Upcoming upcoming_;
  TileArgs tile_ = {};
};

using RunFunction = void (*)(const ConvShape&, const RowArgs&, int64_t, const float*);

template <bool kEdges, int... kPixels>
constexpr std::array<RunFunction, sizeof...(kPixels)> run_functions(
    std::integer_sequence<int, kPixels...>) {
  return {&run_of_pixels<kPixels + 1, kEdges>...};
}

template <int kWidth, int kStride, int... kPixels>
constexpr std::array<RunFunction, sizeof...(kPixels)> width_functions(
    std::integer_sequence<int, kPixels...>) {
  return {&run_of_width<kPixels + 1, kWidth, kStride>...};
}

// The functions for runs of 1 to kRun pixels within a row, and those for its first and last run.
struct RunTables {
  const RunFunction *within, *at_ends;
};

template <bool kInPlace>
RunTables run_tables(const ConvShape& s) {
  constexpr auto kLengths = std::make_integer_sequence<int, kRun>();
  static constexpr auto k3 = width_functions<3, 1>(kLengths);
  static constexpr auto k3By2 = width_functions<3, 2>(kLengths);
  static constexpr auto k5 = width_functions<5, 1>(kLengths);
  static constexpr auto k5By2 = width_functions<5, 2>(kLengths);
  static constexpr auto kWithin = run_functions<false>(kLengths);
  static constexpr auto kAtEnds = run_functions<kInPlace>(kLengths);
  const int64_t reach = s.kernel_width / 2;
  const bool of_width = (s.kernel_width == 3 || s.kernel_width == 5) && s.stride_width <= 2 &&
                        s.dilation_width == 1 && s.pad_left <= reach && s.right_overhang() <= reach;
  if (!of_width) return {kWithin.data(), kAtEnds.data()};
  const auto& table =
      s.kernel_width == 3 ? (s.stride_width == 1 ? k3 : k3By2) : (s.stride_width == 1 ? k5 : k5By2);
  return {table.data(), table.data()};
}

// A row in runs of like length.
void compute_row(const ConvShape& s, const DepthwiseArgs& args, const RowArgs& a,
                 const RunTables& tables, bool bounded, const float* residual) {
  const int64_t runs = (s.out_width + kRun - 1) / kRun;
  for (int64_t i = 0, begin = 0, end = 0; i < runs; ++i, begin = end) {
    end = s.out_width * (i + 1) / runs;
    const RunFunction* functions = i == 0 || i + 1 == runs ? tables.at_ends : tables.within;
    functions[end - begin - 1](s, a, begin, residual);
  }
  if (!bounded) {
    activate_f32(args.activation, a.output, a.output, static_cast<size_t>(s.out_width) * 16);
  }
}

template <class Rows>
void depthwise_rows(const ConvShape& s, const DepthwiseArgs& args, Range groups, Range out_rows,
                    int64_t width, Rows rows) {
  const bool bounded = is_bounds(args.activation);
  const Bounds bounds = bounded ? bounds_of(args.activation) : Bounds{};
  RowArgs a = {};
  a.low = bounds.low;
  a.high = bounds.high;
  a.ring_row = Rows::kInPlace ? s.in_width * 16 : PaddedRow::floats(s);
  a.ring = Rows::kInPlace ? s.in_height : depthwise_ring(s);
  a.first_column = Rows::kInPlace ? -s.pad_left : 0;
  a.columns = Rows::kInPlace ? s.in_width : PaddedRow::floats(s) / 16;
  const RunTables tables = run_tables<Rows::kInPlace>(s);
  const int64_t ring_floats = a.ring * a.ring_row;
  for (int64_t group = groups.begin; group < groups.end; ++group) {
    const int64_t first_block = group * width;
    const int64_t blocks = std::min(width, s.in_blocks() - first_block);
    [[maybe_unused]] int64_t filled_end = 0;  // rows below are in the rings
    for (int64_t y = out_rows.begin; y < out_rows.end; ++y) {
      const int64_t first = y * s.stride_height - s.pad_top;
      if constexpr (!Rows::kInPlace) {
        filled_end = std::max(filled_end, std::max<int64_t>(first, 0));
        const int64_t needed = std::min(first + depthwise_ring(s), s.in_height);
        for (; filled_end < needed; ++filled_end) {
          rows.fill(first_block, blocks, filled_end,
                    args.workspace + filled_end % a.ring * a.ring_row, ring_floats);
        }
      }
      a.ky_begin = 0;
      a.ky_end = s.kernel_height;
      while (a.ky_begin < a.ky_end && first + a.ky_begin * s.dilation_height < 0) ++a.ky_begin;
      while (a.ky_end > a.ky_begin && first + (a.ky_end - 1) * s.dilation_height >= s.in_height) {
        --a.ky_end;
      }
      a.first_slot = (first + a.ky_begin * s.dilation_height) % a.ring;
      for (int64_t b = 0; b < blocks; ++b) {
        const int64_t block = first_block + b;
        const int64_t at = (block * s.out_height + y) * s.out_width * 16;
        if constexpr (Rows::kInPlace) {
          a.rows = rows.of(block);
        } else {
          a.rows = args.workspace + b * ring_floats;
        }
        a.weights = args.weights + block * s.taps() * 16;
        a.bias = args.bias ? args.bias + block * 16 : nullptr;
        a.output = args.output + at;
        compute_row(s, args, a, tables, bounded, args.residual ? args.residual + at : nullptr);
      }
    }
  }
}

void depthwise_target(const ConvShape& s, const DepthwiseArgs& args, Range groups, Range rows) {
  const int64_t width = depthwise_group(args.expansion != nullptr);
  if (args.expansion) {
    depthwise_rows(s, args, groups, rows, width, ExpandedRows(s, args));
  } else if (depthwise_in_place(s, false)) {
    depthwise_rows(s, args, groups, rows, width, RowsInPlace(s, args));
  } else {
    depthwise_rows(s, args, groups, rows, width, CopiedRows(s, args));
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(depthwise_group);
OARLOCK_EXPORT(depthwise_target);

void pack_depthwise_weights(const ConvShape& s, const float* weights, float* packed) {
  std::fill_n(packed, s.in_blocks() * s.taps() * 16, 0.0f);
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
      packed[((c / 16) * s.taps() + tap) * 16 + c % 16] = weights[c * s.taps() + tap];
    }
  }
}

size_t depthwise_workspace(const ConvShape& shape, bool expanded) {
  if (depthwise_in_place(shape, expanded)) return 0;
  return static_cast<size_t>(OARLOCK_DISPATCH(depthwise_group)(expanded) * depthwise_ring(shape) *
                             PaddedRow::floats(shape));
}

int64_t depthwise_groups(const ConvShape& shape, bool expanded) {
  const int64_t width = OARLOCK_DISPATCH(depthwise_group)(expanded);
  return (shape.in_blocks() + width - 1) / width;
}

void depthwise(const ConvShape& shape, const DepthwiseArgs& args, Range groups, Range rows) {
  OARLOCK_DISPATCH(depthwise_target)(shape, args, groups, rows);
}

}  // namespace oarlock::kernels::cpu
#endif
