#include "oarlock/plugin/numeric.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace oarlock {
namespace {

constexpr uint32_t kFloatInfinity = 0x7f800000;

// How a floating-point type of at most 8 bits is laid out: sign, exponent, mantissa.
struct SmallFormat {
  int exponent_bits, mantissa_bits, bias;
  float largest;
  bool has_infinity;   // all-ones exponent is infinity and NaN, as in IEEE 754
  bool unsigned_zero;  // 0x80 is the only NaN and there is no negative zero
  bool has_nan;
};

const SmallFormat& small_format(DType dtype) {
  static constexpr SmallFormat kE4M3FN = {4, 3, 7, 448.0f, false, false, true};
  static constexpr SmallFormat kE4M3FNUZ = {4, 3, 8, 240.0f, false, true, true};
  static constexpr SmallFormat kE5M2 = {5, 2, 15, 57344.0f, true, false, true};
  static constexpr SmallFormat kE5M2FNUZ = {5, 2, 16, 57344.0f, false, true, true};
  static constexpr SmallFormat kE2M1 = {2, 1, 1, 6.0f, false, false, false};
  switch (dtype) {
    case DType::float8e4m3fnuz:
      return kE4M3FNUZ;
    case DType::float8e5m2:
      return kE5M2;
    case DType::float8e5m2fnuz:
      return kE5M2FNUZ;
    case DType::float4e2m1:
      return kE2M1;
    default:
      return kE4M3FN;
  }
}

// The exponent alone: 2^(bits - 127), 255 is NaN.
float e8m0_to_float(uint8_t bits) {
  if (bits == 255) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, bits - 127);
}

}  // namespace

float float16_to_float(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) {
    return std::bit_cast<float>(sign | kFloatInfinity | (magnitude & 0x3ff) << 13);
  }
  if (magnitude >= 0x0400) {
    return std::bit_cast<float>(sign | ((magnitude << 13) + ((127 - 15) << 23)));
  }
  const float value = static_cast<float>(magnitude) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
}

uint16_t float_to_float16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > kFloatInfinity) return sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
  if (magnitude >= 0x477ff000) return sign | 0x7c00;  // rounds to 65536 or more
  if (magnitude < 0x38800000) {
    // Adding 0.5 leaves the subnormal, rounded to nearest even, in the low bits.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return sign | static_cast<uint16_t>(std::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  const uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
  return sign | static_cast<uint16_t>((rounded - ((127 - 15) << 23)) >> 13);
}

uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > kFloatInfinity) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float small_float_to_float(DType dtype, uint8_t bits) {
  if (dtype == DType::float8e8m0) return e8m0_to_float(bits);
  const SmallFormat& f = small_format(dtype);
  const int magnitude_bits = f.exponent_bits + f.mantissa_bits;
  const int magnitude = bits & ((1 << magnitude_bits) - 1);
  const bool negative = (bits >> magnitude_bits & 1) != 0;
  const int exponent = magnitude >> f.mantissa_bits;
  const int mantissa = magnitude & ((1 << f.mantissa_bits) - 1);
  const float sign = negative ? -1.0f : 1.0f;
  if (f.unsigned_zero && negative && magnitude == 0) return std::numeric_limits<float>::quiet_NaN();
  if (f.has_infinity && exponent == (1 << f.exponent_bits) - 1) {
    return sign * (mantissa == 0 ? std::numeric_limits<float>::infinity()
                                 : std::numeric_limits<float>::quiet_NaN());
  }
  if (f.has_nan && !f.has_infinity && !f.unsigned_zero && magnitude == (1 << magnitude_bits) - 1) {
    return std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
  }
  const int scale = std::max(exponent, 1) - f.bias - f.mantissa_bits;
  const int significand = exponent == 0 ? mantissa : mantissa | 1 << f.mantissa_bits;
  return sign * std::ldexp(static_cast<float>(significand), scale);
}

uint8_t float_to_small_float(DType dtype, float value, bool saturate) {
  if (dtype == DType::float8e8m0) return float_to_e8m0(value, ScaleRounding::nearest, saturate);
  const SmallFormat& f = small_format(dtype);
  const int magnitude_bits = f.exponent_bits + f.mantissa_bits;
  const auto sign = static_cast<uint8_t>(std::signbit(value) ? 1 << magnitude_bits : 0);
  const auto all_ones = static_cast<uint8_t>((1 << magnitude_bits) - 1);
  if (std::isnan(value)) {
    if (!f.has_nan) return static_cast<uint8_t>(1 << magnitude_bits);
    return f.unsigned_zero ? 0x80 : sign | (f.has_infinity ? 0x7e : all_ones);
  }
  const float magnitude = std::fabs(value);
  const int smallest_exponent = 1 - f.bias;
  float rounded = magnitude;
  int exponent = smallest_exponent;
  if (magnitude != 0 && std::isfinite(magnitude)) {
    exponent = std::max(std::ilogb(magnitude), smallest_exponent);
    const float quantum = std::ldexp(1.0f, exponent - f.mantissa_bits);
    rounded = std::nearbyint(magnitude / quantum) * quantum;
    if (rounded >= std::ldexp(1.0f, exponent + 1)) ++exponent;
  }
  if (rounded > f.largest) {
    if (saturate || !f.has_nan) return sign | float_to_small_float(dtype, f.largest, true);
    if (f.has_infinity) return sign | 0x7c;
    return f.unsigned_zero ? 0x80 : sign | all_ones;
  }
  const int significand = static_cast<int>(std::ldexp(rounded, f.mantissa_bits - exponent));
  if (significand == 0) return f.unsigned_zero ? 0 : sign;
  const int hidden = 1 << f.mantissa_bits;
  const int encoded = significand < hidden
                          ? significand
                          : ((exponent + f.bias) << f.mantissa_bits) + (significand - hidden);
  return sign | static_cast<uint8_t>(encoded);
}

uint8_t float_to_e8m0(float value, ScaleRounding rounding, bool saturate) {
  constexpr uint8_t kNaN = 255, kLargest = 254;
  if (std::isnan(value)) return kNaN;
  const float magnitude = std::fabs(value);
  if (std::isinf(magnitude)) return saturate ? kLargest : kNaN;
  if (magnitude == 0) return saturate ? 0 : kNaN;
  int exponent = std::ilogb(magnitude);
  const float fraction = std::ldexp(magnitude, -exponent);
  const bool up = rounding == ScaleRounding::up     ? fraction > 1.0f
                  : rounding == ScaleRounding::down ? false
                                                    : fraction >= 1.5f;
  if (up) ++exponent;
  if (exponent > 127) return saturate ? kLargest : kNaN;
  if (exponent < -127) return saturate ? 0 : kNaN;
  return static_cast<uint8_t>(exponent + 127);
}

int load_packed(DType dtype, const std::byte* data, int64_t index) {
  const int width = static_cast<int>(bits(dtype));
  const int per_byte = 8 / width;
  const int shift = static_cast<int>(index % per_byte) * width;
  const int value = (std::to_integer<int>(data[index / per_byte]) >> shift) & ((1 << width) - 1);
  const bool is_integer = dtype == DType::int4 || dtype == DType::int2;
  const int sign = 1 << (width - 1);
  return is_integer ? (value ^ sign) - sign : value;
}

void store_packed(DType dtype, std::byte* data, int64_t index, int value) {
  const int width = static_cast<int>(bits(dtype));
  const int per_byte = 8 / width;
  const int shift = static_cast<int>(index % per_byte) * width;
  const int mask = ((1 << width) - 1) << shift;
  std::byte& target = data[index / per_byte];
  target = static_cast<std::byte>((std::to_integer<int>(target) & ~mask) | (value << shift & mask));
}

}  // namespace oarlock
