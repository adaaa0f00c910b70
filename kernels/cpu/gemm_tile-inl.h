// One register tile of a matrix product: ROWS rows by two vectors of columns. Included once per
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

inline constexpr int64_t kPanelWidth = 2 * kStep;
#if HWY_TARGET == HWY_AVX3
inline constexpr int kTileRows = 14;
#elif HWY_TARGET == HWY_NEON
inline constexpr int kTileRows = 12;
#else
inline constexpr int kTileRows = 6;
#endif

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
  int64_t prefetch_step;  // bytes per four steps of k
};

// UNIT: a_col_stride is 1.
template <int ROWS, bool UNIT>
HWY_NOINLINE void run_tile(const Tile& t) {
  const F32 d;
  using V = VecF32;
  V acc[ROWS][2];
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i) {
    acc[i][0] = hn::Zero(d);
    acc[i][1] = hn::Zero(d);
  }
  const int64_t rs = t.a_row_stride;
  const int64_t cs = UNIT ? 1 : t.a_col_stride;
  const int64_t bs = t.b_row_stride;
  const float* a0 = t.a;
  const float* a1 = ROWS > 4 ? a0 + 4 * rs : a0;
  const float* a2 = ROWS > 8 ? a0 + 8 * rs : a0;
  const float* a3 = ROWS > 12 ? a0 + 12 * rs : a0;
  const float* b = t.b;
  const char* ahead = t.prefetch;
  int64_t k = 0;
  for (; k + 4 <= t.k; k += 4) {
    __builtin_prefetch(ahead, 0, 2);
    __builtin_prefetch(ahead + t.prefetch_step / 2, 0, 2);
    ahead += t.prefetch_step;
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      const V b0 = hn::LoadU(d, b);
      const V b1 = hn::LoadU(d, b + kStep);
      b += bs;
#pragma GCC unroll 16
      for (int i = 0; i < ROWS; ++i) {
        const float* row = i < 4    ? a0 + i * rs
                           : i < 8  ? a1 + (i - 4) * rs
                           : i < 12 ? a2 + (i - 8) * rs
                                    : a3 + (i - 12) * rs;
        const V x = hn::Set(d, row[u * cs]);
        add_product(x, b0, acc[i][0]);
        add_product(x, b1, acc[i][1]);
      }
    }
    a0 += 4 * cs;
    a1 += 4 * cs;
    a2 += 4 * cs;
    a3 += 4 * cs;
  }
  for (; k < t.k; ++k) {
    const V b0 = hn::LoadU(d, b);
    const V b1 = hn::LoadU(d, b + kStep);
    b += bs;
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      const V x = hn::Set(d, a0[i * rs]);
      add_product(x, b0, acc[i][0]);
      add_product(x, b1, acc[i][1]);
    }
    a0 += cs;
  }
  const V alpha = hn::Set(d, t.alpha);
  const V bias0 = t.bias ? hn::LoadU(d, t.bias) : hn::Zero(d);
  const V bias1 = t.bias ? hn::LoadU(d, t.bias + kStep) : hn::Zero(d);
  const V low = hn::Set(d, t.low);
  const V high = hn::Set(d, t.high);
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i) {
    V y0 = hn::MulAdd(acc[i][0], alpha, bias0);
    V y1 = hn::MulAdd(acc[i][1], alpha, bias1);
    if (t.residual) {
      const float* r = t.residual + i * t.residual_row_stride;
      y0 = hn::Add(y0, hn::LoadU(d, r));
      y1 = hn::Add(y1, hn::LoadU(d, r + kStep));
    }
    float* c = t.c + i * t.c_row_stride;
    hn::StoreU(min_of(high, max_of(low, y0)), d, c);
    hn::StoreU(min_of(high, max_of(low, y1)), d, c + kStep);
  }
}

using TileFunction = void (*)(const Tile&);

template <bool UNIT, int... I>
constexpr std::array<TileFunction, sizeof...(I)> tile_table(std::integer_sequence<int, I...>) {
  return {&run_tile<I + 1, UNIT>...};
}

// The kernel for a tile of `rows` rows, 1 to kTileRows.
inline TileFunction tile_function(int64_t rows, bool unit) {
  static constexpr auto kUnit = tile_table<true>(std::make_integer_sequence<int, kTileRows>());
  static constexpr auto kStrided = tile_table<false>(std::make_integer_sequence<int, kTileRows>());
  const size_t index = static_cast<size_t>(rows - 1);
  return unit ? kUnit[index] : kStrided[index];
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
