#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "oarlock/dtype.h"

namespace oarlock {

// IEEE 754 binary16. Conversion rounds to nearest even.
float float16_to_float(uint16_t bits);
uint16_t float_to_float16(float value);
// The upper half of a binary32. Conversion rounds to nearest even; NaN stays NaN.
inline float bfloat16_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
uint16_t float_to_bfloat16(float value);
// The float8, float4 kinds of ONNX (FP8 Formats for Deep Learning, arXiv 2209.05433; OCP MX
// specification). `saturate`: out-of-range becomes the largest value instead of NaN or infinity.
float small_float_to_float(DType dtype, uint8_t bits);
uint8_t float_to_small_float(DType dtype, float value, bool saturate);
// float8e8m0 holds a power of two; `nearest` (what float_to_small_float does) rounds ties up.
enum class ScaleRounding : uint8_t { up, down, nearest };
uint8_t float_to_e8m0(float value, ScaleRounding rounding, bool saturate);

// Storage of a 16-bit or 8-bit float that computes as float.
struct Float16 {
  uint16_t bits = 0;
  Float16() = default;
  Float16(float value) : bits(float_to_float16(value)) {}
  operator float() const { return float16_to_float(bits); }
};
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  BFloat16(float value) : bits(float_to_bfloat16(value)) {}
  operator float() const { return bfloat16_to_float(bits); }
};
template <DType D>
struct SmallFloat {
  uint8_t bits = 0;
  SmallFloat() = default;
  SmallFloat(float value) : bits(float_to_small_float(D, value, true)) {}
  operator float() const { return small_float_to_float(D, bits); }
};

// The C++ type of a dtype's elements, and back.
template <DType D>
struct CppType;
template <class T>
inline constexpr DType kDTypeOf = DType::undefined;

#define OARLOCK_CPP_TYPE(dtype_value, type) \
  template <>                               \
  struct CppType<DType::dtype_value> {      \
    using Type = type;                      \
  };                                        \
  template <>                               \
  inline constexpr DType kDTypeOf<type> = DType::dtype_value
OARLOCK_CPP_TYPE(float32, float);
OARLOCK_CPP_TYPE(uint8, uint8_t);
OARLOCK_CPP_TYPE(int8, int8_t);
OARLOCK_CPP_TYPE(uint16, uint16_t);
OARLOCK_CPP_TYPE(int16, int16_t);
OARLOCK_CPP_TYPE(int32, int32_t);
OARLOCK_CPP_TYPE(int64, int64_t);
OARLOCK_CPP_TYPE(string, std::string);
OARLOCK_CPP_TYPE(boolean, bool);
OARLOCK_CPP_TYPE(float16, Float16);
OARLOCK_CPP_TYPE(float64, double);
OARLOCK_CPP_TYPE(uint32, uint32_t);
OARLOCK_CPP_TYPE(uint64, uint64_t);
OARLOCK_CPP_TYPE(bfloat16, BFloat16);
OARLOCK_CPP_TYPE(float8e4m3fn, SmallFloat<DType::float8e4m3fn>);
OARLOCK_CPP_TYPE(float8e4m3fnuz, SmallFloat<DType::float8e4m3fnuz>);
OARLOCK_CPP_TYPE(float8e5m2, SmallFloat<DType::float8e5m2>);
OARLOCK_CPP_TYPE(float8e5m2fnuz, SmallFloat<DType::float8e5m2fnuz>);
OARLOCK_CPP_TYPE(float8e8m0, SmallFloat<DType::float8e8m0>);
#undef OARLOCK_CPP_TYPE

template <class T>
struct TypeTag {
  using Type = T;
};

// Calls f(TypeTag<T>{}) with the C++ type of `dtype` among the listed ones; false when it is none.
//   bool known = visit_types<float, double, int64_t>(dtype, [&](auto tag) { using T = typename
//   decltype(tag)::Type; ... });
template <class... Ts, class F>
bool visit_types(DType dtype, F&& f) {
  return ((dtype == kDTypeOf<Ts> ? (f(TypeTag<Ts>{}), true) : false) || ...);
}
template <class F>
bool visit_integers(DType dtype, F&& f) {
  return visit_types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>(
      dtype, std::forward<F>(f));
}
template <class F>
bool visit_floats(DType dtype, F&& f) {
  return visit_types<float, double, Float16, BFloat16>(dtype, std::forward<F>(f));
}
// Integers of 8 bits and more and floats of 16 bits and more; not bool.
template <class F>
bool visit_numbers(DType dtype, F&& f) {
  return visit_integers(dtype, f) || visit_floats(dtype, f);
}

// Arithmetic type in which elements of T are accumulated: float for 16-bit and smaller floats.
template <class T>
using Compute = std::conditional_t<std::is_arithmetic_v<T>, T, float>;

// Element i of packed 4-bit and 2-bit data, sign-extended for the signed integers. Elements of
// float4e2m1 are the bits that small_float_to_float() takes.
int load_packed(DType dtype, const std::byte* data, int64_t index);
void store_packed(DType dtype, std::byte* data, int64_t index, int value);

}  // namespace oarlock
