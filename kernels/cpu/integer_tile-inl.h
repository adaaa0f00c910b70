// One register tile of a product of 8-bit integers: ROWS rows by one panel. Included once per
// instruction set.
#if defined(OARLOCK_KERNELS_CPU_INTEGER_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_INTEGER_TILE_INL_H_
#undef OARLOCK_KERNELS_CPU_INTEGER_TILE_INL_H_
#else
#define OARLOCK_KERNELS_CPU_INTEGER_TILE_INL_H_
#endif

#include <array>
#include <cstring>
#include <utility>

#include "kernels/cpu/integer_finish-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::Repartition<uint8_t, F32>;
using VecBytes = hn::Vec<Bytes>;

struct IntegerTile {
  const uint8_t* left;
  int64_t left_stride;  // bytes
  const uint8_t* right;
  int64_t quads;  // depth / 4
  int32_t* out;   // rows of one panel width
};
using IntegerTileFunction = void (*)(const IntegerTile&);

// Bytes widened to 16 bits: every instruction set has products of those, added in pairs.
struct WideDots {
  static constexpr int64_t kWidth = kStep;
  static constexpr int64_t kLeftBytes = 2;
#if HWY_TARGET == HWY_AVX3
  static constexpr int kRows = 12;
#elif HWY_TARGET == HWY_NEON
  static constexpr int kRows = 4;
#else
  static constexpr int kRows = 5;
#endif

  template <int ROWS>
  HWY_NOINLINE static void run(const IntegerTile& t) {
    const I32 d;
    const hn::Repartition<int16_t, I32> d16;
    const hn::Repartition<int64_t, I32> d64;
    const hn::Rebind<uint8_t, decltype(d16)> d8;
    VecI32 acc[ROWS][2][2];
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; ++i)
      for (auto& pair : acc[i]) pair[0] = pair[1] = hn::Zero(d);
    const uint8_t* right = t.right;
    const uint8_t* left = t.left;
    for (int64_t q = 0; q < t.quads; ++q) {
      const auto b0 = hn::PromoteTo(d16, hn::LoadU(d8, right));
      const auto b1 = hn::PromoteTo(d16, hn::LoadU(d8, right + 2 * kStep));
      right += 4 * kStep;
#pragma GCC unroll 12
      for (int i = 0; i < ROWS; ++i) {
        int64_t four;
        std::memcpy(&four, left + i * t.left_stride, sizeof four);
        const auto a = hn::BitCast(d16, hn::Set(d64, four));
        acc[i][0][0] = hn::ReorderWidenMulAccumulate(d, a, b0, acc[i][0][0], acc[i][0][1]);
        acc[i][1][0] = hn::ReorderWidenMulAccumulate(d, a, b1, acc[i][1][0], acc[i][1][1]);
      }
      left += 8;
    }
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; ++i) {
#if HWY_TARGET == HWY_NEON
      const VecI32 low = add_pairs(acc[i][0][1], acc[i][0][0]);
      const VecI32 high = add_pairs(acc[i][1][1], acc[i][1][0]);
#else
      const VecI32 low = acc[i][0][0];
      const VecI32 high = acc[i][1][0];
#endif
      hn::StoreU(add_pairs(high, low), d, t.out + i * kWidth);
    }
  }
};

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
// Instructions that multiply four bytes by four and add to 32 bits (AVX512-VNNI, AVX-VNNI), which
// Highway has no name for.
struct ByteDots {
  static constexpr int64_t kWidth = 2 * kStep;
  static constexpr int64_t kLeftBytes = 1;
#if HWY_TARGET == HWY_AVX3
  static constexpr int kRows = 14;
#else
  static constexpr int kRows = 6;
#endif

  // Four left bytes in every lane.
  static HWY_INLINE VecI32 repeat(const uint8_t* left) {
    int32_t four;
    std::memcpy(&four, left, sizeof four);
    return hn::Set(I32(), four);
  }

  static HWY_INLINE void add_dots(VecI32& sum, VecBytes right, VecI32 left) {
#if HWY_TARGET == HWY_AVX3
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(right.raw), "v"(left.raw));
#else
    asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum.raw) : "x"(right.raw), "x"(left.raw));
#endif
  }

  template <int ROWS>
  HWY_NOINLINE static void run(const IntegerTile& t) {
    constexpr int kChains = ROWS == 1 ? 4 : ROWS <= 3 ? 2 : 1;  // for the latency of few rows
    const I32 d;
    const Bytes d8;
    VecI32 acc[kChains][ROWS][2];
#pragma GCC unroll 4
    for (int u = 0; u < kChains; ++u)
#pragma GCC unroll 14
      for (int i = 0; i < ROWS; ++i) acc[u][i][0] = acc[u][i][1] = hn::Zero(d);
    const uint8_t* right = t.right;
    const uint8_t* left = t.left;
    const int64_t whole = t.quads / kChains * kChains;
    for (int64_t q = 0; q < whole; q += kChains) {
#pragma GCC unroll 4
      for (int u = 0; u < kChains; ++u) {
        const VecBytes b0 = hn::LoadU(d8, right + u * 8 * kStep);
        const VecBytes b1 = hn::LoadU(d8, right + u * 8 * kStep + 4 * kStep);
#pragma GCC unroll 14
        for (int i = 0; i < ROWS; ++i) {
          const VecI32 a = repeat(left + i * t.left_stride + 4 * u);
          add_dots(acc[u][i][0], b0, a);
          add_dots(acc[u][i][1], b1, a);
        }
      }
      right += kChains * 8 * kStep;
      left += 4 * kChains;
    }
    for (int64_t q = whole; q < t.quads; ++q) {
      const VecBytes b0 = hn::LoadU(d8, right);
      const VecBytes b1 = hn::LoadU(d8, right + 4 * kStep);
#pragma GCC unroll 14
      for (int i = 0; i < ROWS; ++i) {
        const VecI32 a = repeat(left + i * t.left_stride);
        add_dots(acc[0][i][0], b0, a);
        add_dots(acc[0][i][1], b1, a);
      }
      right += 8 * kStep;
      left += 4;
    }
#pragma GCC unroll 14
    for (int i = 0; i < ROWS; ++i) {
      for (int j = 0; j < 2; ++j) {
        VecI32 sum = acc[0][i][j];
        for (int u = 1; u < kChains; ++u) sum = hn::Add(sum, acc[u][i][j]);
        hn::StoreU(sum, d, t.out + i * kWidth + j * kStep);
      }
    }
  }
};
#else
using ByteDots = WideDots;
#endif

template <class DOTS, int... I>
constexpr std::array<IntegerTileFunction, sizeof...(I)> integer_tiles(
    std::integer_sequence<int, I...>) {
  return {&DOTS::template run<I + 1>...};
}
// The kernel for a tile of `rows` rows, 1 to DOTS::kRows.
template <class DOTS>
IntegerTileFunction integer_tile(int64_t rows) {
  static constexpr auto kTiles =
      integer_tiles<DOTS>(std::make_integer_sequence<int, DOTS::kRows>());
  return kTiles[static_cast<size_t>(rows - 1)];
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
