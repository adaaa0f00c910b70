#pragma once

#include <cstdint>
#include <vector>

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// Which scale and zero point belong to which element of a tensor: one for all, one for each index
// of an axis, or one for each block of `block` indices of an axis (QuantizeLinear, ONNX 28).
class ScaleMap {
 public:
  ScaleMap() = default;
  // Fails when a scale of this shape does not fit. `block_size` 0: not blocked.
  static Result<ScaleMap> make(const Shape& x, const Shape& scale, int64_t axis,
                               int64_t block_size);

  int64_t index(int64_t element) const {
    if (single_) return 0;
    const int64_t inner = element % inner_;
    const int64_t along = element / inner_ % extent_;
    return blocked_ ? (element / (inner_ * extent_) * length_ + along / block_) * inner_ + inner
                    : along;
  }

 private:
  int64_t inner_ = 1, extent_ = 1, block_ = 1;
  int64_t length_ = 1;  // scales along the axis
  bool blocked_ = false;
  bool single_ = true;  // one scale for all elements
};

// A zero point has the shape of its scale; a scalar may be written as one element.
Status expect_zero_point(const InferContext& c, size_t i, std::string_view name,
                         const Shape& scale);

// Range of an integer dtype of 16 bits or less.
struct IntegerRange {
  int32_t least, most;
};
IntegerRange range_of(DType dtype);

inline bool is_quantized_integer(DType dtype) {
  return dtype == DType::uint8 || dtype == DType::int8 || dtype == DType::uint16 ||
         dtype == DType::int16 || dtype == DType::uint4 || dtype == DType::int4 ||
         dtype == DType::uint2 || dtype == DType::int2;
}
inline bool is_small_float(DType dtype) {
  return dtype == DType::float8e4m3fn || dtype == DType::float8e4m3fnuz ||
         dtype == DType::float8e5m2 || dtype == DType::float8e5m2fnuz || dtype == DType::float4e2m1;
}

// round_to_nearest_even(value) + zero_point, saturated.
int32_t quantize(double value, int32_t zero_point, IntegerRange range);

// Writes integer `value` as element i of an integer tensor of 32 bits or less.
void store_integer(Tensor& tensor, int64_t i, int32_t value);

}  // namespace oarlock::ops
