// Vector functions for one instruction set; included by kernel files inside foreach_target.
//
//   exp_f32      at most 2 ulp; overflows to infinity, underflows through denormals to 0
//   exp_negative_f32  for x at most 0: at most 2 ulp, 0 below -87
//   tanh_f32     relative error at most 3e-7
//   sigmoid_f32  relative error at most 5e-7 for x above -87, then about 1e-38
//   erf_f32      absolute error at most 2e-7
//   log1p_f32    for x in [0, 1]: absolute error at most 2e-7
// NaN stays NaN in all of them.

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

// sum += x * the vector at `y`.
HWY_INLINE void add_product(VecF32 x, const float* y, VecF32& sum) {
#if HWY_TARGET == HWY_AVX2
  asm("vfmadd231ps %2, %1, %0"
      : "+x"(sum.raw)
      : "x"(x.raw), "m"(*reinterpret_cast<const float(*)[kLanes]>(y)));
#else
  sum = hn::MulAdd(x, hn::LoadU(F32(), y), sum);
#endif
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
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(d, -2.12194440e-4f), r);
  V p = hn::Set(d, 0.00139337336f);
  p = hn::MulAdd(p, r, hn::Set(d, 0.00836323574f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.0416664630f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.166665763f));
  p = hn::MulAdd(p, r, hn::Set(d, 0.5f));
  p = hn::MulAdd(hn::Mul(r, r), p, hn::Add(r, hn::Set(d, 1.0f)));
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

// 1 / x for normal numbers, at most 2 ulp.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V reciprocal_f32(D d, V x) {
#if HWY_ARCH_X86 && HWY_MAX_BYTES >= 64
  // The estimate has 14 bits on AVX-512; elsewhere it has fewer, and division costs less.
  const V estimate = hn::ApproximateReciprocal(x);
  return hn::MulAdd(estimate, hn::NegMulAdd(x, estimate, hn::Set(d, 1.0f)), estimate);
#else
  return hn::Div(hn::Set(d, 1.0f), x);
#endif
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_f32(D d, V x) {
  return reciprocal_f32(d, hn::Add(hn::Set(d, 1.0f), exp_bounded_f32(d, hn::Neg(x))));
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
  const V large = hn::NegMulAdd(hn::Set(d, 2.0f), reciprocal_f32(d, hn::Add(e, one)), one);
  return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 0.625f)), small, hn::CopySign(large, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf_f32(D d, V x) {
  const V magnitude = hn::Abs(x);
  const V square = hn::Mul(x, x);
  V p = hn::Set(d, 7.88249745e-05f);
  p = hn::MulAdd(p, square, hn::Set(d, -0.000801885501f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.00518931216f));
  p = hn::MulAdd(p, square, hn::Set(d, -0.0268543288f));
  p = hn::MulAdd(p, square, hn::Set(d, 0.112835974f));
  p = hn::MulAdd(p, square, hn::Set(d, -0.37612626f));
  p = hn::MulAdd(p, square, hn::Set(d, 1.12837911f));
  const V small = hn::Mul(x, p);
  // log(erfc(t)) on [1, 4]; beyond 4 the function is 1 to the last bit.
  const V t = min_of(hn::Set(d, 4.0f), magnitude);
  V q = hn::Set(d, -1.36331291e-05f);
  q = hn::MulAdd(q, t, hn::Set(d, 0.000323454035f));
  q = hn::MulAdd(q, t, hn::Set(d, -0.0034814789f));
  q = hn::MulAdd(q, t, hn::Set(d, 0.0228046048f));
  q = hn::MulAdd(q, t, hn::Set(d, -0.103753567f));
  q = hn::MulAdd(q, t, hn::Set(d, -0.638493717f));
  q = hn::MulAdd(q, t, hn::Set(d, -1.12636888f));
  q = hn::MulAdd(q, t, hn::Set(d, -0.000622114283f));
  const V large = hn::Sub(hn::Set(d, 1.0f), exp_bounded_f32(d, q));
  return hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 1.0f)), small, hn::CopySign(large, x));
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
