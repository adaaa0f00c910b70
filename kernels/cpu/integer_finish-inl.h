// What becomes of 32-bit sums, see IntegerFinish. Included once per instruction set; shared by
// integer_product.cc and integer_depthwise.cc.
#if defined(OARLOCK_KERNELS_CPU_INTEGER_FINISH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_INTEGER_FINISH_INL_H_
#undef OARLOCK_KERNELS_CPU_INTEGER_FINISH_INL_H_
#else
#define OARLOCK_KERNELS_CPU_INTEGER_FINISH_INL_H_
#endif

#include <cmath>

#include "kernels/cpu/integer_product.h"
#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using I32 = hn::Rebind<int32_t, F32>;
using VecI32 = hn::Vec<I32>;

// Neighbours added: those of `low` come first.
HWY_INLINE VecI32 add_pairs(VecI32 high, VecI32 low) {
  const I32 d;
  return hn::Add(hn::ConcatEven(d, high, low), hn::ConcatOdd(d, high, low));
}

// The sums of kStep columns from `column` on of row i, of which `dots` are the products.
HWY_INLINE VecI32 finish_sums(const IntegerFinish& f, VecI32 dots, int64_t i, int64_t column) {
  const I32 d;
  VecI32 sum = f.row_add ? hn::Add(dots, hn::Set(d, f.row_add[i])) : dots;
  if (f.col_add) sum = hn::Add(sum, hn::LoadU(d, f.col_add + column));
  if (f.row_sum_factor)
    sum = hn::Add(sum, hn::Mul(hn::Set(d, f.row_sum_factor[i]), hn::LoadU(d, f.col_sum + column)));
  if (f.row_zero_factor)
    sum =
        hn::Add(sum, hn::Mul(hn::Set(d, f.row_zero_factor[i]), hn::LoadU(d, f.col_zero + column)));
  return sum;
}

HWY_INLINE VecF32 finish_scaled(const IntegerFinish& f, VecI32 sum, int64_t i, int64_t column) {
  const F32 d;
  VecF32 v = hn::ConvertTo(d, sum);
  if (f.row_scale) v = hn::Mul(v, hn::Set(d, f.row_scale[i]));
  if (f.col_scale) v = hn::Mul(v, hn::LoadU(d, f.col_scale + column));
  if (f.col_bias) v = hn::Add(v, hn::LoadU(d, f.col_bias + column));
  return v;
}

HWY_INLINE VecI32 finish_rounded(const IntegerFinish& f, VecF32 v) {
  const F32 d;
  const VecF32 number = hn::IfThenElseZero(hn::Eq(v, v), v);
  const VecF32 low = hn::Set(d, static_cast<float>(f.low - f.zero));
  const VecF32 high = hn::Set(d, static_cast<float>(f.high - f.zero));
  const VecF32 bounded = min_of(max_of(number, low), high);
  return hn::Add(hn::NearestInt(bounded), hn::Set(I32(), f.zero));
}

// The commonest case: 8 bits from row_add and row_scale alone, the scale being finite.
inline bool is_plain(const IntegerFinish& f) {
  return (f.kind == IntegerFinish::Kind::uint8 || f.kind == IntegerFinish::Kind::int8) &&
         f.row_add && f.row_scale && !f.col_add && !f.row_sum_factor && !f.row_zero_factor &&
         !f.col_scale && !f.col_bias;
}

// Adding this to a float below 2^22 rounds it to a whole number, half to even, in the low bits.
inline constexpr float kRounding = 12582912.0f;
inline constexpr int32_t kRoundingBits = 0x4b400000;

// Of is_plain(), for a finite scale.
template <int64_t WIDTH, class TO>
HWY_INLINE void finish_plain(const IntegerFinish& f, const int32_t* dots, int64_t i, TO* c) {
  const I32 d;
  const F32 df;
  const hn::Rebind<TO, I32> dt;
  const VecI32 add = hn::Set(d, f.row_add[i]);
  const VecF32 scale = hn::Set(df, f.row_scale[i]);
  const VecF32 low = hn::Set(df, static_cast<float>(f.low - f.zero));
  const VecF32 high = hn::Set(df, static_cast<float>(f.high - f.zero));
  const VecF32 rounding = hn::Set(df, kRounding);
  const VecI32 zero = hn::Set(d, f.zero - kRoundingBits);
#pragma GCC unroll 4
  for (int64_t j = 0; j < WIDTH; j += kStep) {
    const VecF32 v = hn::Mul(hn::ConvertTo(df, hn::Add(hn::LoadU(d, dots + j), add)), scale);
    const VecF32 rounded = hn::Add(hn::Min(hn::Max(v, low), high), rounding);
    hn::StoreU(hn::DemoteTo(dt, hn::Add(hn::BitCast(d, rounded), zero)), dt, c + j);
  }
}

// WIDTH columns of one row from `column` on, to `c`, which takes as many elements.
template <int64_t WIDTH>
HWY_INLINE void finish_row(const IntegerFinish& f, const int32_t* dots, int64_t i, int64_t column,
                           void* c) {
  const I32 d;
  if (is_plain(f) && std::isfinite(f.row_scale[i])) {
    if (f.kind == IntegerFinish::Kind::uint8)
      finish_plain<WIDTH>(f, dots, i, static_cast<uint8_t*>(c));
    else
      finish_plain<WIDTH>(f, dots, i, static_cast<int8_t*>(c));
    return;
  }
  for (int64_t j = 0; j < WIDTH; j += kStep) {
    const VecI32 sum = finish_sums(f, hn::LoadU(d, dots + j), i, column + j);
    if (f.kind == IntegerFinish::Kind::int32) {
      hn::StoreU(sum, d, static_cast<int32_t*>(c) + j);
      continue;
    }
    const VecF32 v = finish_scaled(f, sum, i, column + j);
    if (f.kind == IntegerFinish::Kind::float32)
      hn::StoreU(v, F32(), static_cast<float*>(c) + j);
    else if (f.kind == IntegerFinish::Kind::uint8)
      hn::StoreU(hn::DemoteTo(hn::Rebind<uint8_t, I32>(), finish_rounded(f, v)),
                 hn::Rebind<uint8_t, I32>(), static_cast<uint8_t*>(c) + j);
    else
      hn::StoreU(hn::DemoteTo(hn::Rebind<int8_t, I32>(), finish_rounded(f, v)),
                 hn::Rebind<int8_t, I32>(), static_cast<int8_t*>(c) + j);
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
