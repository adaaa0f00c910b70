// Mathematical functions of one element: ONNX operators, versions as listed.
#include <cmath>

#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

using Signed = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t>;

// -x without overflow of the smallest integer.
template <class T>
T negate(T x) {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(0 - static_cast<std::make_unsigned_t<T>>(x));
  } else {
    return -x;
  }
}

template <class T>
T absolute(T x) {
  if constexpr (std::is_unsigned_v<T>) {
    return x;
  } else if constexpr (std::is_integral_v<T>) {
    return x < 0 ? negate(x) : x;
  } else {
    return std::fabs(x);
  }
}

template <class T>
T sign(T x) {
  if (x != x) return x;
  return static_cast<T>((x > T{0}) - (x < T{0}));
}

}  // namespace

std::span<const OpDef> unary_math_ops() {
  static const OpDef defs[] = {
      unary<Numbers>("Abs", 13, [](auto x) { return absolute(x); }),
      unary<Signed>("Neg", 13, [](auto x) { return negate(x); }),
      unary<Numbers>("Sign", 13, [](auto x) { return sign(x); }),
      unary<Floats>("Reciprocal", 13, [](auto x) { return 1 / x; }),
      unary<Floats>("Floor", 13, [](auto x) { return std::floor(x); }),
      unary<Floats>("Ceil", 13, [](auto x) { return std::ceil(x); }),
      unary<Floats>("Round", 22, [](auto x) { return std::nearbyint(x); }),
      unary<Floats>("Sqrt", 13, [](auto x) { return std::sqrt(x); }),
      unary<Floats>("Exp", 13, [](auto x) { return std::exp(x); }),
      unary<Floats>("Log", 13, [](auto x) { return std::log(x); }),
      unary<Floats>("Erf", 13, [](auto x) { return std::erf(x); }),
      unary<Floats>("Sin", 22, [](auto x) { return std::sin(x); }),
      unary<Floats>("Cos", 22, [](auto x) { return std::cos(x); }),
      unary<Floats>("Tan", 22, [](auto x) { return std::tan(x); }),
      unary<Floats>("Asin", 22, [](auto x) { return std::asin(x); }),
      unary<Floats>("Acos", 22, [](auto x) { return std::acos(x); }),
      unary<Floats>("Atan", 22, [](auto x) { return std::atan(x); }),
      unary<Floats>("Sinh", 22, [](auto x) { return std::sinh(x); }),
      unary<Floats>("Cosh", 22, [](auto x) { return std::cosh(x); }),
      unary<Floats>("Asinh", 22, [](auto x) { return std::asinh(x); }),
      unary<Floats>("Acosh", 22, [](auto x) { return std::acosh(x); }),
      unary<Floats>("Atanh", 22, [](auto x) { return std::atanh(x); }),
  };
  return defs;
}

}  // namespace oarlock::ops
