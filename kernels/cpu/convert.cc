#include "kernels/cpu/convert.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/convert.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// LANES is the vector length, or 1 for what is left over.
template <class HALF, size_t LANES>
int64_t widen(const uint16_t* x, float* y, int64_t i, int64_t n) {
  const hn::FixedTag<float, LANES> d;
  const hn::Rebind<HALF, decltype(d)> dh;
  constexpr int64_t step = static_cast<int64_t>(LANES);
  for (; i + step <= n; i += step)
    hn::StoreU(hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const HALF*>(x + i))), d, y + i);
  return i;
}

#if HWY_TARGET == HWY_SSE4
// Highway 1.0.3 cuts binary16 off instead of rounding it where there is no F16C.
uint16_t f16_bits(float x) {
  uint32_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t half;
  if (magnitude > 0x7f800000u)
    half = 0x7e00u;
  else if (magnitude >= 0x477ff000u)
    half = 0x7c00u;
  else if (magnitude < 0x38800000u)
    half = static_cast<uint32_t>(std::nearbyint(std::fabs(x) * 16777216.0f));
  else
    half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  return static_cast<uint16_t>(sign | half);
}

void f32_to_f16_run(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = f16_bits(x[i]);
}
#else
template <class HALF, size_t LANES>
int64_t narrow(const float* x, uint16_t* y, int64_t i, int64_t n) {
  const hn::FixedTag<float, LANES> d;
  const hn::Rebind<HALF, decltype(d)> dh;
  constexpr int64_t step = static_cast<int64_t>(LANES);
  for (; i + step <= n; i += step)
    hn::StoreU(hn::DemoteTo(dh, hn::LoadU(d, x + i)), dh, reinterpret_cast<HALF*>(y + i));
  return i;
}

void f32_to_f16_run(const float* x, uint16_t* y, int64_t n) {
  narrow<hwy::float16_t, 1>(x, y, narrow<hwy::float16_t, kLanes>(x, y, 0, n), n);
}
#endif

void f16_to_f32_run(const uint16_t* x, float* y, int64_t n) {
  widen<hwy::float16_t, 1>(x, y, widen<hwy::float16_t, kLanes>(x, y, 0, n), n);
}
void bf16_to_f32_run(const uint16_t* x, float* y, int64_t n) {
  widen<hwy::bfloat16_t, 1>(x, y, widen<hwy::bfloat16_t, kLanes>(x, y, 0, n), n);
}

// Highway 1.0.3 cuts bfloat16 off instead of rounding it.
void f32_to_bf16_run(const float* x, uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    uint32_t bits;
    static_assert(sizeof bits == sizeof x[i]);
    __builtin_memcpy(&bits, x + i, sizeof bits);
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    y[i] = static_cast<uint16_t>((nan ? bits | 0x400000u : rounded) >> 16);
  }
}

void f32_to_i32_run(const float* x, int32_t* y, int64_t n) {
  const F32 d;
  const hn::Rebind<int32_t, F32> di;
  const VecF32 limit = hn::Set(d, 2147483648.0f);
  const auto most = hn::Set(di, std::numeric_limits<int32_t>::max());
  const auto convert = [&](VecF32 v) HWY_ATTR {
    const auto y = hn::ConvertTo(di, hn::IfThenElseZero(hn::Eq(v, v), max_of(v, hn::Neg(limit))));
    return hn::IfThenElse(hn::RebindMask(di, hn::Ge(v, limit)), most, y);
  };
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) hn::StoreU(convert(hn::LoadU(d, x + i)), di, y + i);
  if (i == n) return;
  HWY_ALIGN int32_t last[kLanes];
  hn::Store(convert(load_tail(x + i, n - i, 0.0f)), di, last);
  std::copy(last, last + (n - i), y + i);
}

int64_t whole_number(float v) {
  if (!(v == v)) return 0;
  if (v >= 9223372036854775808.0f) return std::numeric_limits<int64_t>::max();
  if (v <= -9223372036854775808.0f) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(v);
}

void f32_to_i64_run(const float* x, int64_t* y, int64_t n) {
  const F32 d;
  const hn::Rebind<int32_t, F32> di;
  const VecF32 bound = hn::Set(d, 2147483000.0f);
  HWY_ALIGN int32_t narrow[kLanes];
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const VecF32 v = hn::LoadU(d, x + i);
    if (hn::AllTrue(d, hn::Le(hn::Abs(v), bound))) {
      hn::Store(hn::ConvertTo(di, v), di, narrow);
      for (int64_t j = 0; j < kStep; ++j) y[i + j] = narrow[j];
    } else {
      for (int64_t j = i; j < i + kStep; ++j) y[j] = whole_number(x[j]);
    }
  }
  for (; i < n; ++i) y[i] = whole_number(x[i]);
}

template <class T>
void quantize(const float* x, float scale, int32_t zero_point, float low, float high, T* y,
              int64_t n) {
  const F32 d;
  const hn::Rebind<int32_t, F32> di;
  const hn::Rebind<T, F32> dt;
  const VecF32 s = hn::Set(d, scale);
  const VecF32 zero = hn::Set(d, static_cast<float>(zero_point));
  const VecF32 lo = hn::Set(d, low);
  const VecF32 hi = hn::Set(d, high);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    VecF32 q = hn::Add(hn::Round(hn::Div(hn::LoadU(d, x + i), s)), zero);
    q = min_of(max_of(q, lo), hi);
    hn::StoreU(hn::DemoteTo(dt, hn::ConvertTo(di, q)), dt, y + i);
  }
  for (; i < n; ++i) {
    const float q = std::nearbyint(x[i] / scale) + static_cast<float>(zero_point);
    y[i] = static_cast<T>(std::min(q > low ? q : low, high));
  }
}

template <class T>
void dequantize(const T* x, float scale, int32_t zero_point, float* y, int64_t n) {
  const F32 d;
  const hn::Rebind<int32_t, F32> di;
  const hn::Rebind<T, F32> dt;
  const VecF32 s = hn::Set(d, scale);
  const auto zero = hn::Set(di, zero_point);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const auto q = hn::Sub(hn::PromoteTo(di, hn::LoadU(dt, x + i)), zero);
    hn::StoreU(hn::Mul(hn::ConvertTo(d, q), s), d, y + i);
  }
  for (; i < n; ++i) y[i] = static_cast<float>(int32_t{x[i]} - zero_point) * scale;
}

void quantize_u8_run(const float* x, float scale, int32_t zero_point, uint8_t* y, int64_t n) {
  quantize(x, scale, zero_point, 0.0f, 255.0f, y, n);
}
void quantize_i8_run(const float* x, float scale, int32_t zero_point, int8_t* y, int64_t n) {
  quantize(x, scale, zero_point, -128.0f, 127.0f, y, n);
}
void dequantize_u8_run(const uint8_t* x, float scale, int32_t zero_point, float* y, int64_t n) {
  dequantize(x, scale, zero_point, y, n);
}
void dequantize_i8_run(const int8_t* x, float scale, int32_t zero_point, float* y, int64_t n) {
  dequantize(x, scale, zero_point, y, n);
}

void range_run(const float* x, int64_t n, float* least, float* most) {
  const F32 d;
  VecF32 low = hn::Zero(d), high = hn::Zero(d);
  int64_t i = 0;
  const auto add = [&](VecF32 v) HWY_ATTR {
    low = hn::IfThenElse(hn::Lt(v, low), v, low);
    high = hn::IfThenElse(hn::Gt(v, high), v, high);
  };
  for (; i + kStep <= n; i += kStep) add(hn::LoadU(d, x + i));
  if (i < n) add(load_tail(x + i, n - i, 0.0f));
  HWY_ALIGN float lows[kLanes];
  HWY_ALIGN float highs[kLanes];
  hn::Store(low, d, lows);
  hn::Store(high, d, highs);
  *least = *std::min_element(lows, lows + kLanes);
  *most = *std::max_element(highs, highs + kLanes);
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(f16_to_f32_run);
OARLOCK_EXPORT(f32_to_f16_run);
OARLOCK_EXPORT(bf16_to_f32_run);
OARLOCK_EXPORT(f32_to_bf16_run);
OARLOCK_EXPORT(f32_to_i32_run);
OARLOCK_EXPORT(f32_to_i64_run);
OARLOCK_EXPORT(quantize_u8_run);
OARLOCK_EXPORT(quantize_i8_run);
OARLOCK_EXPORT(dequantize_u8_run);
OARLOCK_EXPORT(dequantize_i8_run);
OARLOCK_EXPORT(range_run);

void f16_to_f32(const uint16_t* x, float* y, int64_t n) {
  OARLOCK_DISPATCH(f16_to_f32_run)(x, y, n);
}
void f32_to_f16(const float* x, uint16_t* y, int64_t n) {
  OARLOCK_DISPATCH(f32_to_f16_run)(x, y, n);
}
void bf16_to_f32(const uint16_t* x, float* y, int64_t n) {
  OARLOCK_DISPATCH(bf16_to_f32_run)(x, y, n);
}
void f32_to_bf16(const float* x, uint16_t* y, int64_t n) {
  OARLOCK_DISPATCH(f32_to_bf16_run)(x, y, n);
}
void f32_to_i32(const float* x, int32_t* y, int64_t n) {
  OARLOCK_DISPATCH(f32_to_i32_run)(x, y, n);
}
void f32_to_i64(const float* x, int64_t* y, int64_t n) {
  OARLOCK_DISPATCH(f32_to_i64_run)(x, y, n);
}
void quantize_u8(const float* x, float scale, int32_t zero_point, uint8_t* y, int64_t n) {
  OARLOCK_DISPATCH(quantize_u8_run)(x, scale, zero_point, y, n);
}
void quantize_i8(const float* x, float scale, int32_t zero_point, int8_t* y, int64_t n) {
  OARLOCK_DISPATCH(quantize_i8_run)(x, scale, zero_point, y, n);
}
void dequantize_u8(const uint8_t* x, float scale, int32_t zero_point, float* y, int64_t n) {
  OARLOCK_DISPATCH(dequantize_u8_run)(x, scale, zero_point, y, n);
}
void dequantize_i8(const int8_t* x, float scale, int32_t zero_point, float* y, int64_t n) {
  OARLOCK_DISPATCH(dequantize_i8_run)(x, scale, zero_point, y, n);
}
void range_f32(const float* x, int64_t n, float* least, float* most) {
  OARLOCK_DISPATCH(range_run)(x, n, least, most);
}
}  // namespace oarlock::kernels::cpu
#endif
