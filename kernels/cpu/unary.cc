#include "kernels/cpu/unary.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/unary.cc"
// foreach_target must come before any other header of Highway.
// clang-format off
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/contrib/math/math-inl.h>
// clang-format on

#include <cmath>
#include <limits>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

HWY_INLINE VecF32 softplus_f32(F32 d, VecF32 x) {
  return hn::Add(max_of(hn::Zero(d), x), hn::Log1p(d, exp_f32(d, hn::Neg(hn::Abs(x)))));
}

template <class F>
HWY_INLINE void map(const F& f, const float* x, float* y, int64_t n) {
  map_f32(F32(), f, x, y, static_cast<size_t>(n));
}

void unary_range(UnaryOp op, const float* x, float* y, int64_t n) {
  const F32 d;
  using V = VecF32;
  const V zero = hn::Zero(d);
  const V one = hn::Set(d, 1.0f);
  switch (op) {
    case UnaryOp::abs:
      return map([](V v) HWY_ATTR { return hn::Abs(v); }, x, y, n);
    case UnaryOp::neg:
      return map([](V v) HWY_ATTR { return hn::Neg(v); }, x, y, n);
    case UnaryOp::reciprocal:
      return map([=](V v) HWY_ATTR { return hn::Div(one, v); }, x, y, n);
    case UnaryOp::sqrt:
      return map([](V v) HWY_ATTR { return hn::Sqrt(v); }, x, y, n);
    case UnaryOp::floor:
      return map([](V v) HWY_ATTR { return hn::Floor(v); }, x, y, n);
    case UnaryOp::ceil:
      return map([](V v) HWY_ATTR { return hn::Ceil(v); }, x, y, n);
    case UnaryOp::round:
      return map([](V v) HWY_ATTR { return hn::Round(v); }, x, y, n);
    case UnaryOp::sign:
      return map(
          [=](V v) HWY_ATTR {
            const V sign = hn::CopySign(one, v);
            return hn::IfThenElse(hn::Or(hn::Lt(v, zero), hn::Gt(v, zero)), sign, v);
          },
          x, y, n);
    case UnaryOp::log:
      return map(
          [=](V v) HWY_ATTR {
            const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
            const V finite = hn::Log(d, v);
            const V positive = hn::IfThenElse(hn::Lt(v, infinity), finite, v);
            const V low = hn::IfThenElse(hn::Eq(v, zero), hn::Neg(infinity),
                                         hn::Set(d, std::numeric_limits<float>::quiet_NaN()));
            return hn::IfThenElse(hn::Gt(v, zero), positive, low);
          },
          x, y, n);
    case UnaryOp::softplus:
      return map([=](V v) HWY_ATTR { return softplus_f32(d, v); }, x, y, n);
    case UnaryOp::softsign:
      return map([=](V v) HWY_ATTR { return hn::Div(v, hn::Add(one, hn::Abs(v))); }, x, y, n);
    case UnaryOp::mish:
      return map([=](V v) HWY_ATTR { return hn::Mul(v, tanh_f32(d, softplus_f32(d, v))); }, x, y,
                 n);
    case UnaryOp::sin:
      for (int64_t i = 0; i < n; ++i) y[i] = std::sin(x[i]);
      return;
    case UnaryOp::cos:
      for (int64_t i = 0; i < n; ++i) y[i] = std::cos(x[i]);
      return;
    case UnaryOp::square:
      return map([](V v) HWY_ATTR { return hn::Mul(v, v); }, x, y, n);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(unary_range);

void unary(UnaryOp op, const float* x, float* y, int64_t n) {
  OARLOCK_DISPATCH(unary_range)(op, x, y, n);
}
}  // namespace oarlock::kernels::cpu
#endif
