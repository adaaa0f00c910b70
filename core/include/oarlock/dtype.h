#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace oarlock {

// Element types; the numbers are those of ONNX's TensorProto.DataType.
enum class DType : uint8_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
};
inline constexpr int kDTypeCount = 27;

// "float32", "int64", "bool", ...
std::string_view to_string(DType dtype);
std::optional<DType> parse_dtype(std::string_view name);

// Bits an element takes; types below 8 bits are packed, first element in the low bits.
// A string element counts as one std::string.
size_t bits(DType dtype);

// Bytes of `elements` packed elements; empty when that overflows or the type is undefined.
std::optional<size_t> storage_bytes(DType dtype, int64_t elements);

bool is_floating(DType dtype);  // float16 .. float64, bfloat16, float8, float4
bool is_integer(DType dtype);   // signed or unsigned, any width, not bool
bool is_signed(DType dtype);

}  // namespace oarlock
