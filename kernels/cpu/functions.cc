#include "kernels/cpu/functions.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/functions.cc"
// foreach_target must come before any other header of Highway.
// clang-format off
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include <cmath>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// VECTOR holds where |x| <= most; what is beyond, NaN included, is left to SCALAR.
template <class VECTOR, class SCALAR>
void map_within(float most, const VECTOR& vector, const SCALAR& scalar, const float* x, float* y,
                int64_t n) {
  const F32 d;
  const VecF32 bound = hn::Set(d, most);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const VecF32 v = hn::LoadU(d, x + i);
    if (hn::AllTrue(d, hn::Le(hn::Abs(v), bound))) {
      hn::StoreU(vector(v), d, y + i);
    } else {
      for (int64_t j = i; j < i + kStep; ++j) y[j] = scalar(x[j]);
    }
  }
  for (; i < n; ++i) y[i] = scalar(x[i]);
}

template <class F>
void map_each(const F& f, const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = f(x[i]);
}

template <class F>
HWY_INLINE void map(const F& f, const float* x, float* y, int64_t n) {
  map_f32(F32(), f, x, y, static_cast<size_t>(n));
}

// exp(x) - 1 for x <= 0 without cancellation near 0: Taylor there.
HWY_INLINE VecF32 exp_less_one(VecF32 x) {
  const F32 d;
  VecF32 p = hn::Set(d, 1.0f / 720);
  for (float c : {1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f}) p = hn::MulAdd(p, x, hn::Set(d, c));
  const VecF32 near = hn::Mul(p, x);
  const VecF32 far = hn::Sub(exp_f32(d, x), hn::Set(d, 1.0f));
  return hn::IfThenElse(hn::Lt(x, hn::Set(d, -0.3f)), far, near);
}

void apply_range(const Function& f, const float* x, float* y, int64_t n) {
  using V = VecF32;
  const F32 d;
  const V zero = hn::Zero(d), alpha = hn::Set(d, f.alpha), beta = hn::Set(d, f.beta);
  switch (f.kind) {
    case MathFunction::acos:
      return map_within(
          1, [=](V v) HWY_ATTR { return hn::Acos(d, v); }, [](float v) { return std::acos(v); }, x,
          y, n);
    case MathFunction::asin:
      return map_within(
          1, [=](V v) HWY_ATTR { return hn::Asin(d, v); }, [](float v) { return std::asin(v); }, x,
          y, n);
    case MathFunction::atan:
      return map_within(
          1e30f, [=](V v) HWY_ATTR { return hn::Atan(d, v); }, [](float v) { return std::atan(v); },
          x, y, n);
    case MathFunction::acosh:
      return map_each([](float v) { return std::acosh(v); }, x, y, n);
    case MathFunction::asinh:
      return map_each([](float v) { return std::asinh(v); }, x, y, n);
    case MathFunction::atanh:
      return map_each([](float v) { return std::atanh(v); }, x, y, n);
    case MathFunction::cosh:
      return map_each([](float v) { return std::cosh(v); }, x, y, n);
    case MathFunction::sinh:
      return map_each([](float v) { return std::sinh(v); }, x, y, n);
    case MathFunction::tan:
      return map_each([](float v) { return std::tan(v); }, x, y, n);
    case MathFunction::celu:
      return map(
          [=](V v) HWY_ATTR {
            const V low = hn::Mul(alpha, exp_less_one(hn::Div(v, alpha)));
            return hn::IfThenElse(hn::Gt(v, zero), v, low);
          },
          x, y, n);
    case MathFunction::selu: {
      const V scale = hn::Mul(alpha, beta);
      return map(
          [=](V v) HWY_ATTR {
            const V low = hn::Mul(scale, exp_less_one(v));
            return hn::IfThenElse(hn::Gt(v, zero), hn::Mul(beta, v), low);
          },
          x, y, n);
    }
    case MathFunction::shrink: {
      const V least = hn::Neg(alpha);
      return map(
          [=](V v) HWY_ATTR {
            const V above = hn::IfThenElseZero(hn::Gt(v, alpha), hn::Sub(v, beta));
            return hn::IfThenElse(hn::Lt(v, least), hn::Add(v, beta), above);
          },
          x, y, n);
    }
    case MathFunction::thresholded_relu:
      return map([=](V v) HWY_ATTR { return hn::IfThenElseZero(hn::Gt(v, alpha), v); }, x, y, n);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(apply_range);

void apply(const Function& f, const float* x, float* y, int64_t n) {
  OARLOCK_DISPATCH(apply_range)(f, x, y, n);
}
}  // namespace oarlock::kernels::cpu
#endif
