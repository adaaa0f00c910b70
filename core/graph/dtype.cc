#include "oarlock/dtype.h"

#include <array>
#include <string>

namespace oarlock {
namespace {

enum class Family : uint8_t { none, floating, integer, other };

struct Traits {
  std::string_view name;
  size_t bits;
  Family family;
  bool is_signed;
};

// In the order of DType.
constexpr std::array<Traits, kDTypeCount> kTraits = {{
    {"undefined", 0, Family::none, false},
    {"float32", 32, Family::floating, true},
    {"uint8", 8, Family::integer, false},
    {"int8", 8, Family::integer, true},
    {"uint16", 16, Family::integer, false},
    {"int16", 16, Family::integer, true},
    {"int32", 32, Family::integer, true},
    {"int64", 64, Family::integer, true},
    {"string", 8 * sizeof(std::string), Family::other, false},
    {"bool", 8, Family::other, false},
    {"float16", 16, Family::floating, true},
    {"float64", 64, Family::floating, true},
    {"uint32", 32, Family::integer, false},
    {"uint64", 64, Family::integer, false},
    {"complex64", 64, Family::other, true},
    {"complex128", 128, Family::other, true},
    {"bfloat16", 16, Family::floating, true},
    {"float8e4m3fn", 8, Family::floating, true},
    {"float8e4m3fnuz", 8, Family::floating, true},
    {"float8e5m2", 8, Family::floating, true},
    {"float8e5m2fnuz", 8, Family::floating, true},
    {"uint4", 4, Family::integer, false},
    {"int4", 4, Family::integer, true},
    {"float4e2m1", 4, Family::floating, true},
    {"float8e8m0", 8, Family::floating, false},
    {"uint2", 2, Family::integer, false},
    {"int2", 2, Family::integer, true},
}};

const Traits& traits(DType dtype) {
  const auto index = static_cast<size_t>(dtype);
  return kTraits[index < kTraits.size() ? index : 0];
}

}  // namespace

std::string_view to_string(DType dtype) { return traits(dtype).name; }

std::optional<DType> parse_dtype(std::string_view name) {
  for (size_t i = 1; i < kTraits.size(); ++i) {
    if (kTraits[i].name == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

size_t bits(DType dtype) { return traits(dtype).bits; }

std::optional<size_t> storage_bytes(DType dtype, int64_t elements) {
  const size_t width = bits(dtype);
  if (width == 0 || elements < 0) return std::nullopt;
  const auto count = static_cast<size_t>(elements);
  if (width < 8) {
    const size_t per_byte = 8 / width;
    return count / per_byte + (count % per_byte != 0 ? 1 : 0);
  }
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, width / 8, &bytes)) return std::nullopt;
  return bytes;
}

bool is_floating(DType dtype) { return traits(dtype).family == Family::floating; }
bool is_integer(DType dtype) { return traits(dtype).family == Family::integer; }
bool is_signed(DType dtype) { return traits(dtype).is_signed; }

}  // namespace oarlock
