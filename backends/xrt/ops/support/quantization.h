#pragma once
// Scales and zero points of quantized tensors, which must be constant.

#include <vector>

#include "oarlock/plugin/kernel.h"

namespace oarlock::xrt {

inline bool is_byte(DType dtype) { return dtype == DType::uint8 || dtype == DType::int8; }

struct ByteRange {
  int least, most;
};
inline ByteRange range_of(DType dtype) {
  return dtype == DType::int8 ? ByteRange{-128, 127} : ByteRange{0, 255};
}

// A constant input of float32.
Result<std::vector<float>> constant_floats(const NodeView& node, size_t i);
// A constant input of 8-bit integers; none when it is omitted.
Result<std::vector<int>> constant_integers(const NodeView& node, size_t i);
// The value that all elements of it have; 0 when it is omitted.
Result<int> one_integer(const NodeView& node, size_t i);

}  // namespace oarlock::xrt
