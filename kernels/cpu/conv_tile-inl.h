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

#include "kernels/cpu/upcoming.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

// Pixels of a tile and blocks of a panel that fill the registers of the instruction set.
#if HWY_MAX_BYTES >= 64
constexpr int kTilePixels = 14;
constexpr int kPanelBlocks = 2;
#elif HWY_MAX_BYTES >= 32 || HWY_ARCH_ARM
constexpr int kTilePixels = 6;
constexpr int kPanelBlocks = 1;
#else
constexpr int kTilePixels = 2;
constexpr int kPanelBlocks = 1;
#endif
constexpr int kBlockVectors = 16 / kLanes;
constexpr int kOffsetRow = 16;  // entries in a row of DirectConv's offsets

HWY_ALIGN static const float kZeroBlock[16] = {};

struct TileArgs {
  const float* input;     // by rows: pixel 0 at the first valid kernel row and column 0;
                          // by offsets: the first channel block
  const float* weights;   // of the first input block at the first valid kernel row
  const float* scale;     // of every input channel; for tiles that scale
  const float* bias;      // or null
  const float* residual;  // at the tile's first pixel, or null
  float* output;          // at the tile's first pixel
  int64_t in_block_stride, weight_block_stride, out_block_stride;
  int32_t in_blocks;
  int32_t last_channels = 16;  // a multiple of four; the last input block's others are padding
  float low, high;             // bounds of the result
  // Swept over while the tile is computed, prefetch_step floats with every four input channels.
  const float* prefetch;
  int64_t prefetch_step;
  // By rows: valid kernel rows, kernel columns, floats between their inputs; pixel 0 is in the
  // padding for columns below first_valid, the last pixel for columns from last_valid on.
  int32_t kernel_rows, kernel_columns;
  int64_t row_stride, column_stride;
  int32_t first_valid, last_valid;
  // By offsets: a row of kOffsetRow for each tap.
  const int32_t* offsets;
  int32_t taps;
};

template <int kPixels, int kVectors>
HWY_INLINE void start_tile(const TileArgs& a, VecF32 (&sums)[kPixels][kVectors]) {
  const F32 d;
#pragma GCC unroll 8
  for (int j = 0; j < kVectors; ++j) {
    const VecF32 start = a.bias ? hn::LoadU(d, a.bias + j * kLanes) : hn::Zero(d);
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) sums[i][j] = start;
  }
}

template <int kPixels, int kVectors>
HWY_INLINE void finish_tile(const TileArgs& a, VecF32 (&sums)[kPixels][kVectors]) {
  const F32 d;
  const VecF32 low = hn::Set(d, a.low), high = hn::Set(d, a.high);
  const auto at = [&](int i, int j) {
    return (j / kBlockVectors) * a.out_block_stride + i * 16 +
           static_cast<int64_t>((j % kBlockVectors) * kLanes);
  };
  if (a.residual) {
#pragma GCC unroll 16
    for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) {
        sums[i][j] = hn::Add(sums[i][j], hn::LoadU(d, a.residual + at(i, j)));
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kPixels; ++i) {
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      hn::StoreU(clamp_f32(d, sums[i][j], low, high), d, a.output + at(i, j));
    }
  }
}

// A sweep over what the next tiles read, in cache lines of the second level: weights are read once
// by the first tile and by all others from the cache, and the memory would rest meanwhile. Small
// tiles do without: there it costs more cycles than it saves (3 to 10 % of networks on a Zen 3).
struct Sweep {
  const float* at;
  int64_t step;

  explicit HWY_INLINE Sweep(const TileArgs& a) : at(a.prefetch), step(a.prefetch_step) {}
  HWY_INLINE void advance() {
    if constexpr (kTilePixels < 12) return;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) __builtin_prefetch(at + i * step / 4, 0, 2);
    at += step;
  }
};

// Floats from a block's pixels to those that are brought while it is computed, of a later block or
// of the next tile: what another thread has made takes longer to come than a block to compute.
HWY_INLINE int64_t input_ahead(const TileArgs& a, int block, int64_t next_tile) {
  constexpr int kBlocksAhead = 3;
  const int later = block + kBlocksAhead;
  if (later < a.in_blocks) return kBlocksAhead * a.in_block_stride;
  return next_tile + (later % a.in_blocks - block) * a.in_block_stride;
}

HWY_INLINE int channels_of(const TileArgs& a, int block) {
  return block + 1 == a.in_blocks ? a.last_channels : 16;
}

// What a.last_channels is for so many channels.
inline int32_t last_channels(int64_t channels) {
  return static_cast<int32_t>(((channels - 1) % 16 + 4) / 4 * 4);
}

// Pixels lie in one row of the input, kStride pixels apart. kScaled: for 1x1 kernels.
template <int kPixels, int kBlocks, int kStride = 1, bool kScaled = false>
HWY_NOINLINE void tile_by_rows(const TileArgs& a) {
  constexpr int kVectors = kBlocks * kBlockVectors;
  constexpr int kStep = 4;
  const F32 d;
  VecF32 sums[kPixels][kVectors];
  start_tile(a, sums);
  Sweep sweep(a);
  const bool one_tap = a.kernel_rows == 1 && a.kernel_columns == 1;
  for (int block = 0; block < a.in_blocks; ++block) {
    const float* w = a.weights + block * a.weight_block_stride;
    const float* row = a.input + block * a.in_block_stride;
    const int channels = channels_of(a, block);
    const int64_t ahead = one_tap ? input_ahead(a, block, kPixels * kStride * 16) : 0;
    for (int ky = 0; ky < a.kernel_rows; ++ky, row += a.row_stride) {
      const float* middle = row;
      for (int kx = 0; kx < a.kernel_columns; ++kx, middle += a.column_stride) {
        const float* x = middle;
        const float* first = kx >= a.first_valid ? x : kZeroBlock;
        const float* last = kx < a.last_valid ? x + (kPixels - 1) * kStride * 16 : kZeroBlock;
        if constexpr (kPixels == 1) {
          if (kx >= a.last_valid) first = kZeroBlock;
        }
#pragma GCC unroll 1
        for (int c = 0; c < channels; c += kStep) {
          sweep.advance();
          const float* pixel = x + ahead + c * 4 * kStride;
#pragma GCC unroll 4
          for (int i = 0; i < kPixels; i += 4) __builtin_prefetch(pixel + i * 16 * kStride, 0, 3);
#pragma GCC unroll 4
          for (int u = 0; u < kStep; ++u) {
            VecF32 wv[kVectors];
#pragma GCC unroll 8
            for (int j = 0; j < kVectors; ++j)
              wv[j] = hn::LoadU(d, w + (u * kVectors + j) * kLanes);
            if constexpr (kScaled) {
              const VecF32 scale = hn::Set(d, a.scale[block * 16 + c + u]);
#pragma GCC unroll 8
              for (int j = 0; j < kVectors; ++j) wv[j] = hn::Mul(wv[j], scale);
            }
#pragma GCC unroll 16
            for (int i = 0; i < kPixels; ++i) {
              const float* p = i == 0 ? first : i == kPixels - 1 ? last : x + i * kStride * 16;
              const VecF32 b = hn::Set(d, p[u]);
#pragma GCC unroll 8
              for (int j = 0; j < kVectors; ++j) add_product(b, wv[j], sums[i][j]);
            }
          }
          w += kStep * kVectors * kLanes;
          x += kStep;
          first += kStep;
          last += kStep;
        }
        w += (16 - channels) * kVectors * kLanes;
      }
    }
  }
  finish_tile(a, sums);
}

// Pixels lie anywhere in the input.
template <int kPixels, int kBlocks>
HWY_NOINLINE void tile_by_offsets(const TileArgs& a) {
  constexpr int kVectors = kBlocks * kBlockVectors;
  constexpr int kStep = 4;
  const F32 d;
  VecF32 sums[kPixels][kVectors];
  start_tile(a, sums);
  const float* w = a.weights;
  Sweep sweep(a);
  for (int block = 0; block < a.in_blocks; ++block) {
    const float* base = a.input + block * a.in_block_stride;
    const int channels = channels_of(a, block);
    const int32_t* offsets = a.offsets;
    for (int tap = 0; tap < a.taps; ++tap, offsets += kOffsetRow) {
      if (offsets[kOffsetRow - 1] == 0) {
        w += 16 * kVectors * kLanes;
        continue;
      }
      const float* pointers[kPixels];
#pragma GCC unroll 16
      for (int i = 0; i < kPixels; ++i) {
        pointers[i] = offsets[i] >= 0 ? base + offsets[i] : kZeroBlock;
      }
#pragma GCC unroll 1
      for (int c = 0; c < channels; c += kStep) {
        sweep.advance();
#pragma GCC unroll 4
        for (int u = 0; u < kStep; ++u) {
          VecF32 wv[kVectors];
#pragma GCC unroll 8
          for (int j = 0; j < kVectors; ++j) wv[j] = hn::LoadU(d, w + (u * kVectors + j) * kLanes);
#pragma GCC unroll 16
          for (int i = 0; i < kPixels; ++i) {
            const VecF32 b = hn::Set(d, pointers[i][c + u]);
#pragma GCC unroll 8
            for (int j = 0; j < kVectors; ++j) add_product(b, wv[j], sums[i][j]);
          }
        }
        w += kStep * kVectors * kLanes;
      }
      w += (16 - channels) * kVectors * kLanes;
    }
  }
  finish_tile(a, sums);
}

// The tile is one of `tiles` that sweep together over `floats` from `next` on; its own steps of
// four input channels are `steps`.
inline void sweep_over(const float* next, int64_t floats, int64_t tile, int64_t tiles,
                       int64_t steps, TileArgs& a) {
  const int64_t share = floats / std::max<int64_t>(tiles, 1);
  a.prefetch = next + tile * share;
  a.prefetch_step = share / std::max<int64_t>(steps, 1);
}

// The tile brings its share, in bytes, of what comes later: at least a cache line with every step,
// so that the last tiles may bring none.
inline void sweep_upcoming(Upcoming& upcoming, int64_t share, int64_t steps, TileArgs& a) {
  constexpr int64_t kLine = 64, kMostLines = 4;
  const int64_t lines = std::clamp<int64_t>((share / steps + kLine - 1) / kLine, 1, kMostLines);
  const std::span<const std::byte> stretch = upcoming.next(lines * kLine * steps);
  if (!stretch.empty()) a.prefetch = reinterpret_cast<const float*>(stretch.data());
  a.prefetch_step = (std::ssize(stretch) / int64_t{sizeof(float)} + steps - 1) / steps;
}

using TileFunction = void (*)(const TileArgs&);

// Functions for 1 to kTilePixels pixels and 1 to kPanelBlocks blocks.
template <template <int, int> class Function>
struct TileTable {
  template <int... kPixels>
  constexpr TileTable(std::integer_sequence<int, kPixels...>)
      : functions{{Function<kPixels + 1, 1>::call...},
                  {Function<kPixels + 1, kPanelBlocks>::call...}} {}
  constexpr TileTable() : TileTable(std::make_integer_sequence<int, kTilePixels>()) {}
  TileFunction get(int pixels, int blocks) const { return functions[blocks - 1][pixels - 1]; }

  TileFunction functions[2][kTilePixels];
};
template <int kPixels, int kBlocks>
struct ByRows {
  static constexpr TileFunction call = tile_by_rows<kPixels, kBlocks>;
};
template <int kPixels, int kBlocks>
struct ByRowsScaled {
  static constexpr TileFunction call = tile_by_rows<kPixels, kBlocks, 1, true>;
};
template <int kPixels, int kBlocks>
struct ByRowsOfStride2 {
  static constexpr TileFunction call = tile_by_rows<kPixels, kBlocks, 2>;
};
template <int kPixels, int kBlocks>
struct ByOffsets {
  static constexpr TileFunction call = tile_by_offsets<kPixels, kBlocks>;
};

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OARLOCK_KERNELS_CPU_CONV_TILE_INL_H_
