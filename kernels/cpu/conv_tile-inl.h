// Register-blocked inner loops of convolutions and matrix products in NCHW16c; included by kernel
// files inside foreach_target.

#if defined(OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_
#undef OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_
#else
#define OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_
#endif

#include <algorithm>
#include <utility>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/upcoming.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

// Blocks of a panel, and pixels whose sums for so many blocks fill the registers: a part of a tile.
#if HWY_MAX_BYTES >= 64
constexpr int kPanelBlocks = 2;
constexpr int part_pixels(int) { return 14; }
#elif HWY_MAX_BYTES >= 32
constexpr int kPanelBlocks = 2;
// Three pixels by four vectors load 7 vectors for 12 products, six by two 8: loads are what a core
// has least of that runs another thread beside.
constexpr int part_pixels(int blocks) { return blocks == 2 ? 3 : 6; }
#elif HWY_ARCH_ARM
constexpr int kPanelBlocks = 1;
constexpr int part_pixels(int) { return 6; }
#else
constexpr int kPanelBlocks = 1;
constexpr int part_pixels(int) { return 2; }
#endif
constexpr int kPartPixels = part_pixels(kPanelBlocks);
constexpr int kTilePixels = 14;  // most pixels of a tile that does not lie in one piece
// Large parts sweep over what the next ones read, in cache lines of the second level: weights are
// read once by the first tile and by all others from the cache, and the memory would rest
// meanwhile. For small ones it costs more cycles than it saves (3 to 10 % of networks on a Zen 3),
// but where few tiles share weights from beyond the second level.
constexpr bool kSweeps = kPartPixels >= 12;
// Weights that do not stay in a second-level cache from one run to the next.
constexpr int64_t kFarWeights = 128 * 1024;
// Small parts read weights often: a chunk of so many floats stays in the first-level
// cache. More pixels than these leave the memory time to bring weights when they are read.
constexpr int64_t kChunkFloats = 6 * 1024, kMostSweeping = 24 * kPartPixels;
// Channels of a block that are computed without a loop, with a step of the sweep.
constexpr int kUnroll = HWY_MAX_BYTES == 32 ? 16 : 4;
constexpr int kBlockSteps = 16 / kUnroll;
constexpr int kBlockVectors = 16 / kLanes;
constexpr int64_t kLineFloats = 16;  // of a cache line

// Parts that so many pixels are computed in, of two lengths that differ by one.
constexpr int64_t part_count(int64_t pixels, int64_t blocks) {
  const int64_t most = part_pixels(static_cast<int>(blocks));
  return (pixels + most - 1) / most;
}
// Steps of kUnroll channels in a tile.
constexpr int64_t tile_steps(int64_t in_blocks, int64_t taps, int64_t pixels, int64_t blocks) {
  return in_blocks * taps * kBlockSteps * part_count(pixels, blocks);
}
constexpr int kOffsetRow = 16;  // entries in a row of DirectConv's offsets

HWY_ALIGN static const float kZeroBlock[16] = {};

struct TileArgs {
  const float* input;     // by rows: pixel 0 at the first valid kernel row and column 0;
                          // by offsets: the first channel block
  const float* weights;   // of the first input block at the first valid kernel row
  const float* bias;      // or null
  const float* residual;  // at the tile's first pixel, or null
  float* output;          // at the tile's first pixel
  int64_t in_block_stride, weight_block_stride, out_block_stride;
  int32_t in_blocks;
  int32_t last_channels = 16;  // a multiple of four; the last input block's others are padding
  bool has_low = false, has_high = false;  // the result has bounds:
  float low, high;
  // The input blocks are some of several chunks: sums go on from the output unless `first_chunk`,
  // and are bounded, with the residual added, in the last.
  bool first_chunk = true, last_chunk = true;
  // Pixels of later input blocks are brought into the cache, and there is a sweep. Large parts
  // always do that.
  bool brings = true;
  // Swept over while the tile is computed, prefetch_step floats with every kUnroll input channels.
  const float* prefetch;
  int64_t prefetch_step = 0;
  // By rows: valid kernel rows, kernel columns, floats between their inputs; pixel 0 is in the
  // padding for columns below first_valid, pixel last_pixel for columns from last_valid on.
  int32_t kernel_rows, kernel_columns, last_pixel;
  int64_t row_stride, column_stride;
  int32_t first_valid, last_valid;
  const float* zeros = kZeroBlock;  // what is read there; GCC must not see that it is constant
  // By offsets: a row of kOffsetRow for each tap.
  const int32_t* offsets;
  int32_t taps;
};

template <int kPixels, int kVectors>
HWY_INLINE void start_with(const float* bias, VecF32 (&sums)[kPixels][kVectors]) {
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const VecF32 start = bias ? hn::LoadU(F32(), bias + j * kLanes) : hn::Zero(F32());
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) sums[i][j] = start;
  }
}

template <int kPixels, int kVectors>
HWY_INLINE void start_part(const TileArgs& a, int64_t begin, VecF32 (&sums)[kPixels][kVectors]) {
  if (a.first_chunk) return start_with(a.bias, sums);
  const float* from = a.output + begin * 16;
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j, from += kLanes) {
    if (j == kBlockVectors) from += a.out_block_stride - 16;
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) sums[i][j] = hn::LoadU(F32(), from + i * 16);
  }
}

template <int kPixels, int kVectors>
HWY_INLINE void bound_part(const TileArgs& a, VecF32 (&sums)[kPixels][kVectors]) {
  if (a.has_low) {
    const VecF32 low = hn::Set(F32(), a.low);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) sums[i][j] = max_of(low, sums[i][j]);
    }
  }
  if (a.has_high) {
    const VecF32 high = hn::Set(F32(), a.high);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) sums[i][j] = min_of(high, sums[i][j]);
    }
  }
}

template <int kPixels, int kVectors>
HWY_INLINE void store_part(const TileArgs& a, int64_t begin,
                           const VecF32 (&sums)[kPixels][kVectors]) {
  float* to = a.output + begin * 16;
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j, to += kLanes) {
    if (j == kBlockVectors) to += a.out_block_stride - 16;
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) hn::StoreU(sums[i][j], F32(), to + i * 16);
  }
}

template <int kPixels, int kVectors>
HWY_INLINE void finish_part(const TileArgs& a, int64_t begin, VecF32 (&sums)[kPixels][kVectors]) {
  if (a.residual && a.last_chunk) {
    const float* from = a.residual + begin * 16;
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j, from += kLanes) {
      if (j == kBlockVectors) from += a.out_block_stride - 16;
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i)
        sums[i][j] = hn::Add(sums[i][j], hn::LoadU(F32(), from + i * 16));
    }
  }
  if (a.last_chunk) bound_part(a, sums);
  store_part(a, begin, sums);
}

struct Sweep {
  const float* at;
  int64_t step;

  explicit HWY_INLINE Sweep(const TileArgs& a) : at(a.prefetch), step(a.prefetch_step) {}
  // Before kUnroll channels.
  HWY_INLINE void advance() {
    if constexpr (kSweeps) {
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) __builtin_prefetch(at + i * step / 4, 0, 2);
      at += step;
    } else {
      for (const float* end = at + step; at < end; at += kLineFloats) __builtin_prefetch(at, 0, 2);
    }
  }
};

// Floats from a block's pixels to those that are brought while it is computed, of a later block or
// of the next part: what another thread has made takes longer to come than a block to compute.
HWY_INLINE int64_t input_ahead(const TileArgs& a, int block, int64_t next_part) {
  constexpr int kBlocksAhead = 3;
  const int later = block + kBlocksAhead;
  if (later < a.in_blocks) return kBlocksAhead * a.in_block_stride;
  return next_part + (later % a.in_blocks - block) * a.in_block_stride;
}

HWY_INLINE int channels_of(const TileArgs& a, int block) {
  return block + 1 == a.in_blocks ? a.last_channels : 16;
}

HWY_INLINE int full_blocks(const TileArgs& a) {
  return a.in_blocks - (a.last_channels < 16 ? 1 : 0);
}

// Bounds the results, if the activation is bounds; others come after the tile.
inline void set_bounds(const Activation& activation, TileArgs& a) {
  if (!is_bounds(activation)) return;
  const Bounds bounds = bounds_of(activation);
  a.has_low = bounds.low > Bounds().low;
  a.has_high = bounds.high < Bounds().high;
  a.low = bounds.low;
  a.high = bounds.high;
}

// What a.last_channels is for so many channels.
inline int32_t last_channels(int64_t channels) {
  return static_cast<int32_t>(((channels - 1) % 16 + 4) / 4 * 4);
}

// Where the pixels of a part lie: kApart floats apart, the first and the last anywhere.
template <int kPixels, int kApart>
struct Pixels {
  const float *first, *middle, *last;

  explicit HWY_INLINE Pixels(const float* x)
      : first(x), middle(x), last(x + (kPixels - 1) * kApart) {}
  HWY_INLINE void advance(int channels) {
    first += channels;
    middle += channels;
    last += channels;
  }
};

// Adds the products of kChannels channels.
template <int kChannels, int kPixels, int kVectors, int kApart>
HWY_INLINE void add_channels(const Pixels<kPixels, kApart>& x, const float* weights,
                             VecF32 (&sums)[kPixels][kVectors]) {
#pragma GCC unroll 16
  for (int u = 0; u < kChannels; ++u) {
    const auto value = [&x, u](int i) HWY_ATTR {
      const float* p = i == 0 ? x.first : i == kPixels - 1 ? x.last : x.middle + i * kApart;
      return hn::Set(F32(), p[u]);
    };
    add_products(value, weights + u * kVectors * kLanes, sums);
  }
}

// Parts of a pointwise convolution, all input blocks at once, with no residual: with few channels
// what is done beside the products counts.
template <int kPixels, int kBlocks>
HWY_NOINLINE void parts_whole(const TileArgs& a, int64_t begin, int64_t end) {
  constexpr int kVectors = kBlocks * kBlockVectors, kBlockWeights = 16 * kVectors * kLanes;
  const float *const bias = a.bias, *const weights = a.weights;
  const float* const full_end = weights + std::max(full_blocks(a), 0) * kBlockWeights;
  const int tail = a.last_channels % 16;
  const int64_t in_stride = a.in_block_stride;
  const float* input = a.input + begin * 16;
  for (; begin < end; begin += kPixels, input += kPixels * 16) {
    VecF32 sums[kPixels][kVectors];
    start_with(bias, sums);
    const float *from = input, *w = weights;
#pragma GCC unroll 1
    for (; w != full_end; w += kBlockWeights, from += in_stride)
      add_channels<16>(Pixels<kPixels, 16>(from), w, sums);
#pragma GCC unroll 1
    for (int c = 0; c < tail; c += 4, from += 4, w += 4 * kVectors * kLanes)
      add_channels<4>(Pixels<kPixels, 16>(from), w, sums);
    bound_part(a, sums);
    store_part(a, begin, sums);
  }
}

// Parts of a pointwise convolution.
template <int kPixels, int kBlocks>
HWY_NOINLINE void parts_pointwise(TileArgs& a, int64_t begin, int64_t end) {
  constexpr int kVectors = kBlocks * kBlockVectors;
  const bool brings = kSweeps || a.brings;
  if constexpr (!kSweeps) {
    if (!brings && a.first_chunk && a.last_chunk && !a.residual)
      return parts_whole<kPixels, kBlocks>(a, begin, end);
  }
  Sweep sweep(a);
  const int full = full_blocks(a);
#pragma GCC unroll 1
  for (; begin < end; begin += kPixels) {
    VecF32 sums[kPixels][kVectors];
    start_part(a, begin, sums);
    const float* w = a.weights;
    const float* input = a.input + begin * 16;
#pragma GCC unroll 1
    for (int block = 0; block < full; ++block, input += a.in_block_stride) {
      const float* ahead = brings ? input + input_ahead(a, block, kPixels * 16) : nullptr;
      Pixels<kPixels, 16> x(input);
#pragma GCC unroll 1
      for (int c = 0; c < 16; c += kUnroll) {
        if (brings) {
          sweep.advance();
          constexpr int kLines = (kPixels * kUnroll + 15) / 16;
#pragma GCC unroll 16
          for (int i = 0; i < kLines; ++i)
            __builtin_prefetch(ahead + (c / kUnroll * kLines + i) * 16, 0, 3);
        }
        add_channels<kUnroll>(x, w, sums);
        x.advance(kUnroll);
        w += kUnroll * kVectors * kLanes;
      }
    }
    if (full < a.in_blocks) {
      Pixels<kPixels, 16> x(input);
#pragma GCC unroll 1
      for (int c = 0; c < a.last_channels; c += 4) {
        add_channels<4>(x, w, sums);
        x.advance(4);
        w += 4 * kVectors * kLanes;
      }
    }
    finish_part(a, begin, sums);
  }
  a.prefetch = sweep.at;
}

// Adds `channels` of an input block, kStep at a time, for all taps.
template <int kStep, int kStride, int kPixels, int kVectors>
HWY_INLINE void add_taps(const TileArgs& a, const float* row, const float* w, int channels,
                         int first_valid, int last_valid, Sweep& sweep,
                         VecF32 (&sums)[kPixels][kVectors]) {
#pragma GCC unroll 1
  for (int ky = 0; ky < a.kernel_rows; ++ky, row += a.row_stride) {
    const float* tap = row;
#pragma GCC unroll 1
    for (int kx = 0; kx < a.kernel_columns; ++kx, tap += a.column_stride) {
      Pixels<kPixels, kStride * 16> x(tap);
      if (kx < first_valid || (kPixels == 1 && kx >= last_valid)) x.first = a.zeros;
      if (kx >= last_valid) x.last = a.zeros;
#pragma GCC unroll 1
      for (int c = 0; c < channels; c += kStep) {
        sweep.advance();
        add_channels<kStep>(x, w + c * kVectors * kLanes, sums);
        x.advance(kStep);
      }
      w += 16 * kVectors * kLanes;
    }
  }
}

// Parts of a tile whose pixels lie in one row of the input, kStride apart. The first one is in the
// padding for columns below first_valid, the last one for those from last_valid on.
template <int kPixels, int kBlocks, int kStride>
HWY_NOINLINE void parts_by_rows(TileArgs& a, int64_t begin, int64_t end) {
  Sweep sweep(a);
  const int full = full_blocks(a);
#pragma GCC unroll 1
  for (; begin < end; begin += kPixels) {
    VecF32 sums[kPixels][kBlocks * kBlockVectors];
    start_part(a, begin, sums);
    const int first_valid = begin == 0 ? a.first_valid : 0;
    const int last_valid = begin + kPixels > a.last_pixel ? a.last_valid : a.kernel_columns;
    const float* w = a.weights;
    const float* row = a.input + begin * kStride * 16;
#pragma GCC unroll 1
    for (int block = 0; block < full; ++block) {
      add_taps<kUnroll, kStride>(a, row, w, 16, first_valid, last_valid, sweep, sums);
      row += a.in_block_stride;
      w += a.weight_block_stride;
    }
    if (full < a.in_blocks)
      add_taps<4, kStride>(a, row, w, a.last_channels, first_valid, last_valid, sweep, sums);
    finish_part(a, begin, sums);
  }
  a.prefetch = sweep.at;
}

// Adds the products of kChannels channels from `channel` on; the pixels lie anywhere.
template <int kChannels, int kPixels, int kVectors>
HWY_INLINE void add_channels(const float* const (&pixels)[kPixels], int channel,
                             const float* weights, VecF32 (&sums)[kPixels][kVectors]) {
#pragma GCC unroll 16
  for (int u = 0; u < kChannels; ++u) {
    const int at = channel + u;
    const auto value = [&pixels, at](int i) HWY_ATTR { return hn::Set(F32(), pixels[i][at]); };
    add_products(value, weights + u * kVectors * kLanes, sums);
  }
}

// Adds `channels` of an input block, kStep at a time, for all taps.
template <int kStep, int kPixels, int kVectors>
HWY_INLINE void add_taps(const TileArgs& a, int64_t begin, const float* base, const float* w,
                         int channels, Sweep& sweep, VecF32 (&sums)[kPixels][kVectors]) {
  const int32_t* offsets = a.offsets;
#pragma GCC unroll 1
  for (int tap = 0; tap < a.taps; ++tap, offsets += kOffsetRow) {
    if (offsets[kOffsetRow - 1] != 0) {
      const float* pixels[kPixels];
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) {
        const int32_t offset = offsets[begin + i];
        pixels[i] = offset >= 0 ? base + offset : kZeroBlock;
      }
#pragma GCC unroll 1
      for (int c = 0; c < channels; c += kStep) {
        sweep.advance();
        add_channels<kStep>(pixels, c, w + c * kVectors * kLanes, sums);
      }
    }
    w += 16 * kVectors * kLanes;
  }
}

// Parts of a tile whose pixels lie anywhere in the input.
template <int kPixels, int kBlocks>
HWY_NOINLINE void parts_by_offsets(TileArgs& a, int64_t begin, int64_t end) {
  Sweep sweep(a);
#pragma GCC unroll 1
  for (; begin < end; begin += kPixels) {
    VecF32 sums[kPixels][kBlocks * kBlockVectors];
    start_part(a, begin, sums);
    const float* w = a.weights;
    const float* base = a.input;
#pragma GCC unroll 1
    for (int block = 0; block < a.in_blocks; ++block) {
      const int channels = channels_of(a, block);
      if (kUnroll == 4 || channels == 16)
        add_taps<kUnroll>(a, begin, base, w, channels, sweep, sums);
      else
        add_taps<4>(a, begin, base, w, channels, sweep, sums);
      base += a.in_block_stride;
      w += a.weight_block_stride;
    }
    finish_part(a, begin, sums);
  }
  a.prefetch = sweep.at;
}

// The tile is one of `tiles` that sweep together over `floats` from `next` on, in `steps` each.
inline void sweep_over(const float* next, int64_t floats, int64_t tile, int64_t tiles,
                       int64_t steps, TileArgs& a) {
  const int64_t share = floats / std::max<int64_t>(tiles, 1);
  a.prefetch = next + tile * share;
  a.prefetch_step = share / std::max<int64_t>(steps, 1);
  // Whole cache lines: the last steps may bring none that is needed.
  if (!kSweeps) a.prefetch_step = (a.prefetch_step + kLineFloats - 1) / kLineFloats * kLineFloats;
}

// The tile brings its share, in bytes, of what comes later: at least a cache line with every step,
// so that the last tiles may bring none.
inline void sweep_upcoming(Upcoming& upcoming, int64_t share, int64_t steps, TileArgs& a) {
  if constexpr (!kSweeps) return;
  constexpr int64_t kLine = 64, kMostLines = 4;
  const int64_t lines = std::clamp<int64_t>((share / steps + kLine - 1) / kLine, 1, kMostLines);
  const std::span<const std::byte> stretch = upcoming.next(lines * kLine * steps);
  if (!stretch.empty()) a.prefetch = reinterpret_cast<const float*>(stretch.data());
  a.prefetch_step = (std::ssize(stretch) / int64_t{sizeof(float)} + steps - 1) / steps;
}

// Computes the pixels from `begin` to `end` of a tile, in parts of one length.
using PartsFunction = void (*)(TileArgs&, int64_t begin, int64_t end);

// Functions for parts of 1 to part_pixels(blocks) pixels and 1 to kPanelBlocks blocks.
struct TileTable {
  PartsFunction narrow[part_pixels(1)], wide[kPartPixels];

  // Computes a tile.
  void run(TileArgs& a, int64_t pixels, int64_t blocks) const {
    const PartsFunction* functions = blocks == kPanelBlocks ? wide : narrow;
    const int64_t parts = part_count(pixels, blocks), length = pixels / parts;
    const int64_t longer = pixels % parts * (length + 1);
    if (longer > 0) functions[length](a, 0, longer);
    functions[length - 1](a, longer, pixels);
  }
};
template <template <int, int> class Function, int... kNarrow, int... kWide>
constexpr TileTable make_table(std::integer_sequence<int, kNarrow...>,
                               std::integer_sequence<int, kWide...>) {
  return {{Function<kNarrow + 1, 1>::call...}, {Function<kWide + 1, kPanelBlocks>::call...}};
}
template <template <int, int> class Function>
inline constexpr TileTable table_of =
    make_table<Function>(std::make_integer_sequence<int, part_pixels(1)>(),
                         std::make_integer_sequence<int, kPartPixels>());

template <int kPixels, int kBlocks>
struct Pointwise {
  static constexpr PartsFunction call = parts_pointwise<kPixels, kBlocks>;
};
template <int kPixels, int kBlocks>
struct ByRows {
  static constexpr PartsFunction call = parts_by_rows<kPixels, kBlocks, 1>;
};
template <int kPixels, int kBlocks>
struct ByRowsOfStride2 {
  static constexpr PartsFunction call = parts_by_rows<kPixels, kBlocks, 2>;
};
template <int kPixels, int kBlocks>
struct ByOffsets {
  static constexpr PartsFunction call = parts_by_offsets<kPixels, kBlocks>;
};

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_
