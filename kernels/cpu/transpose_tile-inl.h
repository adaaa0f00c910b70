// Transposition of a small matrix of 32-bit values through 4 x 4 register blocks. Included once per
// instruction set; shared by gemm_pack.cc, attention.cc and transpose.cc.
#if defined(OARLOCK_KERNELS_CPU_TRANSPOSE_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_TRANSPOSE_TILE_INL_H_
#undef OARLOCK_KERNELS_CPU_TRANSPOSE_TILE_INL_H_
#else
#define OARLOCK_KERNELS_CPU_TRANSPOSE_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
HWY_INLINE void transpose_block(const T* from, int64_t from_stride, T* to, int64_t to_stride) {
  const hn::FixedTag<T, 4> d;
  const hn::FixedTag<uint64_t, 2> d64;
  const auto r0 = hn::LoadU(d, from);
  const auto r1 = hn::LoadU(d, from + from_stride);
  const auto r2 = hn::LoadU(d, from + 2 * from_stride);
  const auto r3 = hn::LoadU(d, from + 3 * from_stride);
  const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d, r0, r1));
  const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d, r2, r3));
  const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d, r0, r1));
  const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d, r2, r3));
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, low01, low23)), d, to);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, low01, low23)), d, to + to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, high01, high23)), d, to + 2 * to_stride);
  hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, high01, high23)), d, to + 3 * to_stride);
}

// to[j * to_stride + i] = from[i * from_stride + j] for i < rows, j < columns.
template <class T>
HWY_INLINE void transpose_tile(const T* from, int64_t from_stride, int64_t rows, int64_t columns,
                               T* to, int64_t to_stride) {
  int64_t i = 0;
  if constexpr (sizeof(T) == 4) {
    for (; i + 4 <= rows; i += 4) {
      int64_t j = 0;
      for (; j + 4 <= columns; j += 4)
        transpose_block(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
      for (; j < columns; ++j)
        for (int64_t r = i; r < i + 4; ++r) to[j * to_stride + r] = from[r * from_stride + j];
    }
  }
  for (; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
