// Vector functions for one instruction set; included by kernel files inside foreach_target.
//
//   exp_f32      at most 2 ulp; overflows to infinity, underflows through denormals to 0
//   exp_negative_f32  for x at most 0: relative error at most 4e-7, 2.1e-7 above -20; 0 below -87
//   tanh_f32     relative error at most 3e-7
//   sigmoid_f32  relative error at most 5e-7 for x above -87, then about 1e-38
//   erf_f32      absolute and relative error at most 5e-7
//   gelu_f32     absolute error at most 3e-7; NaN for -infinity, which is times 0
//   log1p_f32    for x in [0, 1]: absolute error at most 2e-7
// NaN stays NaN in all of them. The coefficients of erf, GELU and exp of negative numbers are
// minimax fits (Lawson's iteration).

#if defined(OARLOCK_KERNELS_CPU_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_VECTOR_MATH_INL_H_
#undef OARLOCK_KERNELS_CPU_VECTOR_MATH_INL_H_
#else
#define OARLOCK_KERNELS_CPU_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Widest vector of at most 16 floats on this instruction set.
#if HWY_MAX_BYTES >= 64
constexpr size_t kLanes = 16;
#elif HWY_MAX_BYTES >= 32
constexpr size_t kLanes = 8;
#else
constexpr size_t kLanes = 4;
#endif

// a > b ? a : b and a < b ? a : b, so b if either is NaN, on every instruction set.
template <class V>
HWY_INLINE V max_of(V a, V b) {
#if HWY_ARCH_X86
  return hn::Max(a, b);
#else
  return hn::IfThenElse(hn::Gt(a, b), a, b);
#endif
}
template <class V>
HWY_INLINE V min_of(V a, V b) {
#if HWY_ARCH_X86
  return hn::Min(a, b);
#else
  return hn::IfThenElse(hn::Lt(a, b), a, b);
#endif
}
using F32 = hn::FixedTag<float, kLanes>;
using VecF32 = hn::Vec<F32>;

// sum += x * y, where sums are carried around a loop in most of the registers. With AVX2's sixteen
// GCC chooses forms of the instruction that overwrite a factor and then moves and spills the sums,
// which takes a third longer; here it has no choice.
HWY_INLINE void add_product(VecF32 x, VecF32 y, VecF32& sum) {
#if HWY_TARGET == HWY_AVX2
  asm("vfmadd231ps %2, %1, %0" : "+x"(sum.raw) : "x"(x.raw), "x"(y.raw));
#else
  sum = hn::MulAdd(x, y, sum);
#endif
}

// sums[i][j] += value(i) * vector j of `row`. What there are fewer of, values or vectors, stays in
// registers; GCC keeps sums there if `value` holds what changes by value.
template <int kValues, int kVectors, class Value>
HWY_INLINE void add_products(const Value& value, const float* row,
                             VecF32 (&sums)[kValues][kVectors]) {
  const F32 d;
  if constexpr (kValues < kVectors) {
    VecF32 x[kValues];
#pragma GCC unroll 16
    for (int i = 0; i < kValues; ++i) x[i] = value(i);
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) {
      const VecF32 w = hn::LoadU(d, row + j * kLanes);
#pragma GCC unroll 16
      for (int i = 0; i < kValues; ++i) add_product(x[i], w, sums[i][j]);
    }
  } else {
    VecF32 w[kVectors];
#pragma GCC unroll 8
    for (int j = 0; j < kVectors; ++j) w[j] = hn::LoadU(d, row + j * kLanes);
#pragma GCC unroll 16
    for (int i = 0; i < kValues; ++i) {
      const VecF32 x = value(i);
#pragma GCC unroll 8
      for (int j = 0; j < kVectors; ++j) add_product(x, w[j], sums[i][j]);
    }
  }
}

// min(max(x, low), high) in which NaN survives.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V clamp_f32(D, V x, V low, V high) {
  return min_of(high, max_of(low, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_f32(D d, V x) {
  const hn::RebindToSigned<D> di;
  x = clamp_f32(d, x, hn::Set(d, -104.0f), hn::Set(d, 89.0f));
  const V n = hn::Round(hn::Mul(x, hn::Set(d, 1.44269504f)));
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::Set(d, 0.00139337336f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.00836323574f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416664630f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665763f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0f)));
  // 2^n in two factors, so that neither leaves the range of normal numbers.
  const auto exponent = hn::ConvertTo(di, n);
  const auto half = hn::ShiftRight<1>(exponent);
  const auto bias = hn::Set(di, 127);
  const V first = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V second = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(exponent, half), bias)));
  return hn::Mul(hn::Mul(p, first), second);
}

// exp(x) for x in [-87, 87], in fewer steps.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_within_f32(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
  const V magic = hn::Set(d, 12582912.0f);
  const V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), magic);
  const V n = hn::Sub(shifted, magic);
#if HWY_NATIVE_FMA
  const V r = hn::NegMulAdd(n, hn::Set(d, 0.693147181f), x);
#else
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
#endif
  V p = hn::Set(d, 0.00829026569f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.0418981947f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166676387f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.499991477f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.999999702f));
  p = hn::MulAdd(p, r, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

// exp(x) with x taken into [-87, 87].
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_bounded_f32(D d, V x) {
  return exp_within_f32(d, clamp_f32(d, x, hn::Set(d, -87.0f), hn::Set(d, 87.0f)));
}

// exp(x) for x <= 0, and 0 below -87.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_negative_f32(D d, V x) {
  const V low = hn::Set(d, -87.0f);
  return hn::IfThenZeroElse(hn::Lt(x, low), exp_within_f32(d, max_of(low, x)));
}

// x / y for normal numbers y, at most 3 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V quotient_f32(D d, V x, V y) {
#if HWY_ARCH_X86 && HWY_MAX_BYTES >= 64
  // The estimate has 14 bits on AVX-512; elsewhere it has fewer, and division costs less.
  const V estimate = hn::ApproximateReciprocal(y);
  const V reciprocal = hn::MulAdd(estimate, hn::NegMulAdd(y, estimate, hn::Set(d, 1.0f)), estimate);
  return hn::Mul(x, reciprocal);
#else
  static_cast<void>(d);
  return hn::Div(x, y);
#endif
}

// x * sigmoid(-y)
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gated_f32(D d, V x, V y) {
  return quotient_f32(d, x, hn::Add(hn::Set(d, 1.0f), exp_bounded_f32(d, y)));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_f32(D d, V x) {
  return gated_f32(d, hn::Set(d, 1.0f), hn::Neg(x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh_f32(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const V magnitude = hn::Abs(x);
  const V square = hn::Mul(x, x);
  V p = hn::Set(d, -0.00608352479f);
  p = hn::MulAdd(p, square, hn::Set(d, 0.0209889226f));
  p = hn::MulAdd(p, square, hn::Set(d, -0.0538494028f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.133327618f));
  p = hn::MulAdd(p, square, hn::Set(d, -0.333333284f));
  const V small = hn::MulAdd(hn::Mul(x, square), p, x);
  const V e = exp_bounded_f32(d, hn::Add(magnitude, magnitude));
  const V large = hn::Sub(one, quotient_f32(d, hn::Set(d, 2.0f), hn::Add(e, one)));
  return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 0.625f)), small, hn::CopySign(large, x));
}

// x P(x^2) / Q(x^2), fitted up to 3.92; beyond, the function is 1 to the last bit.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf_f32(D d, V x) {
  const V limit = hn::Set(d, 3.92f), one = hn::Set(d, 1.0f);
  const V t = clamp_f32(d, x, hn::Neg(limit), limit);
  const V square = hn::Mul(t, t);
  V p = hn::Set(d, 2.05008564e-06f);
  p = hn::MulAdd(p, square, hn::Set(d, 0.000284883194f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.00376563286f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.0527487732f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.190406829f));
  p = hn::MulAdd(p, square, hn::Set(d, 1.12837911f));
  V q = hn::Set(d, 3.80917227e-05f);
  q = hn::MulAdd(q, square, hn::Set(d, 0.00116253959f));
  q = hn::MulAdd(q, square, hn::Set(d, 0.0149692483f));
  q = hn::MulAdd(q, square, hn::Set(d, 0.114109263f));
  q = hn::MulAdd(q, square, hn::Set(d, 0.502076387f));
  q = hn::MulAdd(q, square, one);
  return clamp_f32(d, quotient_f32(d, hn::Mul(t, p), q), hn::Neg(one), one);
}

// x times the normal distribution function of x, which for negative ones is about P(-x)^-8; the
// other half follows by symmetry. P, fitted up to 6, grows on.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V gelu_f32(D d, V x) {
  const V half = hn::Set(d, 0.5f), absolute = hn::Abs(x);
  const V magnitude = min_of(hn::Set(d, 14.0f), absolute);
  V p = hn::Set(d, 3.35397203e-06f);
  p = hn::MulAdd(p, magnitude, hn::Set(d, -2.03747004e-05f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 0.000118056611f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 8.75879268e-05f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 0.00112546387f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 0.009315948f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 0.0488703288f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 0.10875202f));
  p = hn::MulAdd(p, magnitude, hn::Set(d, 1.09050834f));
  p = hn::Mul(p, p);
  p = hn::Mul(p, p);
  p = hn::Mul(p, p);
  const V positive = hn::MulAdd(half, absolute, hn::Mul(half, x));  // x or 0; NaN for -infinity
  return hn::Sub(positive, quotient_f32(d, magnitude, p));
}

// log(1 + x) = 2 atanh(x / (2 + x)).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V log1p_f32(D d, V x) {
  const V s = hn::Div(x, hn::Add(x, hn::Set(d, 2.0f)));
  const V square = hn::Mul(s, s);
  V p = hn::Set(d, 2.0f / 13.0f);
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f / 11.0f));
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f / 9.0f));
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f / 7.0f));
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f / 5.0f));
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f / 3.0f));
  p = hn::MulAdd(p, square, hn::Set(d, 2.0f));
  return hn::Mul(s, p);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OARLOCK_KERNELS_CPU_VECTOR_MATH_INL_H_
