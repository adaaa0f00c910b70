// One register tile of a matrix product: some rows by the vectors of a panel. Included once per
// instruction set; shared by gemm.cc, gemm_pack.cc and gemm_thin.cc.
#if defined(OARLOCK_KERNELS_CPU_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_GEMM_TILE_INL_H_
#undef OARLOCK_KERNELS_CPU_GEMM_TILE_INL_H_
#else
#define OARLOCK_KERNELS_CPU_GEMM_TILE_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Vectors of columns in a panel, rows of a tile and steps of k that are computed without a loop.
#if HWY_TARGET == HWY_AVX3
inline constexpr int kPanelVectors = 2, kTileRows = 14, kDepthStep = 4;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kPanelVectors = 2, kTileRows = 12, kDepthStep = 4;
#elif HWY_MAX_BYTES == 32
inline constexpr int kPanelVectors = 4, kTileRows = 3, kDepthStep = 8;
#else
inline constexpr int kPanelVectors = 2, kTileRows = 6, kDepthStep = 4;
#endif
inline constexpr int64_t kPanelWidth = kPanelVectors * kStep;

struct Tile {
  const float* a;
  int64_t a_row_stride, a_col_stride;
  const float* b;
  int64_t b_row_stride;
  int64_t k;
  float* c;
  int64_t c_row_stride;
  float alpha;
  const float* bias;      // one panel, or none
  const float* residual;  // tile's first row, or none
  int64_t residual_row_stride;
  float low, high;
  const char* prefetch;   // swept over while the tile is computed
  int64_t prefetch_step;  // bytes for kDepthStep
};

// Strides that are known at compile time: none, 1 from column to column of A, those of a packed
// panel too.
enum class Strides : uint8_t { any, unit, packed };

// Rows of A that are reached from one pointer, of four.
inline constexpr int kRowGroup = (kTileRows + 3) / 4;

// acc += the products of one k; row i of A is i % kRowGroup rows behind rows[i / kRowGroup].
template <int ROWS, int VECTORS>
HWY_INLINE void add_step(const float* const (&rows)[4], int64_t row_stride, int64_t column,
                         const float* b, VecF32 (&acc)[ROWS][VECTORS]) {
  const auto a = [&rows, row_stride, column](int i) HWY_ATTR {
    return hn::Set(F32(), rows[i / kRowGroup][i % kRowGroup * row_stride + column]);
  };
  add_products(a, b, acc);
}

template <int ROWS, int VECTORS, Strides STRIDES>
HWY_NOINLINE void run_tile(const Tile& t) {
  const F32 d;
  VecF32 acc[ROWS][VECTORS];
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; ++j) acc[i][j] = hn::Zero(d);
  const int64_t rs = t.a_row_stride;
  const int64_t cs = STRIDES == Strides::any ? t.a_col_stride : 1;
  const int64_t bs = STRIDES == Strides::packed ? kPanelWidth : t.b_row_stride;
  const float* rows[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) rows[i] = t.a + (ROWS > i * kRowGroup ? i * kRowGroup * rs : 0);
  const float* b = t.b;
  const char* ahead = t.prefetch;
  int64_t k = 0;
#pragma GCC unroll 1
  for (; k + kDepthStep <= t.k; k += kDepthStep) {
    __builtin_prefetch(ahead, 0, 2);
    __builtin_prefetch(ahead + t.prefetch_step / 2, 0, 2);
    ahead += t.prefetch_step;
#pragma GCC unroll 16
    for (int u = 0; u < kDepthStep; ++u) add_step(rows, rs, u * cs, b + u * bs, acc);
    b += kDepthStep * bs;
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) rows[i] += kDepthStep * cs;
  }
#pragma GCC unroll 1
  for (; k < t.k; ++k, b += bs) {
    add_step(rows, rs, 0, b, acc);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) rows[i] += cs;
  }
  const VecF32 alpha = hn::Set(d, t.alpha), low = hn::Set(d, t.low), high = hn::Set(d, t.high);
#pragma GCC unroll 4
  for (int j = 0; j < VECTORS; ++j) {
    const VecF32 bias = t.bias ? hn::LoadU(d, t.bias + j * kStep) : hn::Zero(d);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) acc[i][j] = hn::MulAdd(acc[i][j], alpha, bias);
  }
  if (const float* from = t.residual) {
    const int64_t stride = t.residual_row_stride;
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i, from += stride) {
#pragma GCC unroll 4
      for (int j = 0; j < VECTORS; ++j)
        acc[i][j] = hn::Add(acc[i][j], hn::LoadU(d, from + j * kStep));
    }
  }
  float* to = t.c;
  const int64_t stride = t.c_row_stride;
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i, to += stride) {
#pragma GCC unroll 4
    for (int j = 0; j < VECTORS; ++j)
      hn::StoreU(min_of(high, max_of(low, acc[i][j])), d, to + j * kStep);
  }
}

using TileFunction = void (*)(const Tile&);
using TileFunctions = std::array<TileFunction, kTileRows>;  // for tiles of 1, 2, ... rows

template <int VECTORS, Strides STRIDES, int... I>
constexpr TileFunctions functions_of(std::integer_sequence<int, I...>) {
  return {&run_tile<I + 1, VECTORS, STRIDES>...};
}

template <int VECTORS>
const TileFunctions& functions_of(Strides strides) {
  constexpr std::make_integer_sequence<int, kTileRows> kRows;
  static constexpr std::array<TileFunctions, 3> kTables = {
      {functions_of<VECTORS, Strides::any>(kRows), functions_of<VECTORS, Strides::unit>(kRows),
       functions_of<VECTORS, Strides::packed>(kRows)}};
  return kTables[static_cast<size_t>(strides)];
}

// For the first columns of a panel. Wide panels have tiles for their first half alone.
inline const TileFunctions& tile_functions(int64_t columns, Strides strides) {
  if constexpr (kPanelVectors > 2) {
    if (columns <= kPanelWidth / 2) return functions_of<kPanelVectors / 2>(strides);
  }
  return functions_of<kPanelVectors>(strides);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
