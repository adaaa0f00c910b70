// One register tile of attention: up to kAttentionRows keys or columns of values, times a panel of
// VECS vectors of queries. Included once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_ATTENTION_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_ATTENTION_TILE_INL_H_
#undef OARLOCK_KERNELS_CPU_ATTENTION_TILE_INL_H_
#else
#define OARLOCK_KERNELS_CPU_ATTENTION_TILE_INL_H_
#endif

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// With two vectors as many rows as registers hold, with one enough sums to hide their latency.
#if HWY_TARGET == HWY_AVX3
template <int VECS>
inline constexpr int kAttentionRows = 14;
#elif HWY_TARGET == HWY_NEON
template <int VECS>
inline constexpr int kAttentionRows = 12;
#else
template <int VECS>
inline constexpr int kAttentionRows = VECS == 1 ? 12 : 6;
#endif

struct AttentionTile {
  const float* a;
  int64_t a_stride;
  const float* b;  // [k][panel]
  int64_t k;
  float* c;           // [rows][panel]
  const float* fade;  // [panel]: c's factor before products are added, or none: c starts at zero
  float* peak;        // [panel], raised to what c holds then, or none
};

// c[i] = c[i] * fade + sum over k of a(i, k) * b[k]. ALONG: a row's values lie one after the other
// and rows a_stride apart; else the other way round.
template <int ROWS, int VECS, bool ALONG>
HWY_NOINLINE void run_attention_tile(const AttentionTile& t) {
  constexpr int64_t kPanel = VECS * kStep;
  const F32 d;
  using V = VecF32;
  V acc[ROWS][VECS];
  if (t.fade) {
#pragma GCC unroll 2
    for (int v = 0; v < VECS; ++v) {
      const V fade = hn::LoadU(d, t.fade + v * kStep);
#pragma GCC unroll 16
      for (int i = 0; i < ROWS; ++i)
        acc[i][v] = hn::Mul(fade, hn::LoadU(d, t.c + i * kPanel + v * kStep));
    }
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 2
      for (int v = 0; v < VECS; ++v) acc[i][v] = hn::Zero(d);
  }
  const int64_t rs = ALONG ? t.a_stride : 1;
  const int64_t cs = ALONG ? 1 : t.a_stride;
  const float* a0 = t.a;
  const float* a1 = ROWS > 4 ? a0 + 4 * rs : a0;
  const float* a2 = ROWS > 8 ? a0 + 8 * rs : a0;
  const float* a3 = ROWS > 12 ? a0 + 12 * rs : a0;
  const float* b = t.b;
  int64_t k = 0;
  for (; k + 4 <= t.k; k += 4) {
#pragma GCC unroll 4
    for (int u = 0; u < 4; ++u) {
      V x[VECS];
#pragma GCC unroll 2
      for (int v = 0; v < VECS; ++v) x[v] = hn::LoadU(d, b + v * kStep);
      b += kPanel;
#pragma GCC unroll 16
      for (int i = 0; i < ROWS; ++i) {
        const float* row = !ALONG   ? a0 + i
                           : i < 4  ? a0 + i * rs
                           : i < 8  ? a1 + (i - 4) * rs
                           : i < 12 ? a2 + (i - 8) * rs
                                    : a3 + (i - 12) * rs;
        const V y = hn::Set(d, row[ALONG ? u : 0]);
#pragma GCC unroll 2
        for (int v = 0; v < VECS; ++v) add_product(y, x[v], acc[i][v]);
      }
      if (!ALONG) a0 += cs;
    }
    if (ALONG) {
      a0 += 4;
      a1 += 4;
      a2 += 4;
      a3 += 4;
    }
  }
  for (; k < t.k; ++k) {
    V x[VECS];
#pragma GCC unroll 2
    for (int v = 0; v < VECS; ++v) x[v] = hn::LoadU(d, b + v * kStep);
    b += kPanel;
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; ++i) {
      const V y = hn::Set(d, a0[i * rs]);
#pragma GCC unroll 2
      for (int v = 0; v < VECS; ++v) add_product(y, x[v], acc[i][v]);
    }
    a0 += cs;
  }
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < VECS; ++v) hn::StoreU(acc[i][v], d, t.c + i * kPanel + v * kStep);
  if (t.peak) {
#pragma GCC unroll 2
    for (int v = 0; v < VECS; ++v) {
      V peak = hn::LoadU(d, t.peak + v * kStep);
#pragma GCC unroll 16
      for (int i = 0; i < ROWS; ++i) peak = max_of(peak, acc[i][v]);
      hn::StoreU(peak, d, t.peak + v * kStep);
    }
  }
}

template <int VECS, bool ALONG, int... I>
constexpr auto attention_tiles(std::integer_sequence<int, I...>) {
  using Function = void (*)(const AttentionTile&);
  return std::array<Function, sizeof...(I)>{&run_attention_tile<I + 1, VECS, ALONG>...};
}

// Any number of rows, in tiles of like size.
template <int VECS, bool ALONG>
void run_attention_rows(AttentionTile t, int64_t rows) {
  constexpr int64_t kMost = kAttentionRows<VECS>;
  static constexpr auto kTiles =
      attention_tiles<VECS, ALONG>(std::make_integer_sequence<int, kMost>());
  const int64_t tiles = (rows + kMost - 1) / kMost;
  const float* a = t.a;
  float* c = t.c;
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t row = rows * i / tiles;
    t.a = a + row * (ALONG ? t.a_stride : 1);
    t.c = c + row * VECS * kStep;
    kTiles[static_cast<size_t>(rows * (i + 1) / tiles - row - 1)](t);
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
