#include "core/ops/support/quantization.h"

#include <algorithm>
#include <cmath>

#include "core/ops/support/check.h"
#include "oarlock/plugin/numeric.h"

namespace oarlock::ops {

Result<ScaleMap> ScaleMap::make(const Shape& x, const Shape& scale, int64_t axis,
                                int64_t block_size) {
  ScaleMap map;
  const int64_t count = extent_product(scale, 0, scale.rank());
  if (block_size == 0 && scale.rank() <= 1 && (scale.rank() == 0 || count == 1)) return map;
  if (x.rank() == 0) return invalid("the scale has shape ", scale, ", but a scalar needs a scalar");
  map.single_ = false;
  OARLOCK_ASSIGN(const size_t at, checked_axis(axis, x.rank()));
  map.extent_ = x[at];
  map.inner_ = extent_product(x, at + 1, x.rank());
  map.length_ = scale.rank() == 1 ? scale[0] : scale.rank() == x.rank() ? scale[at] : 0;
  if (block_size == 0 && scale.rank() == 1) {
    if (!agree(scale[0], x[at]))
      return invalid("the scale has shape ", scale, ", but axis ", axis, " of x has ", x[at],
                     " elements");
    return map;
  }
  if (block_size < 0 || scale.rank() != x.rank())
    return invalid("the scale has shape ", scale, " and block_size is ", block_size,
                   ", which do not fit x of shape ", x);
  for (size_t d = 0; d < x.rank(); ++d) {
    if (d != at && !agree(scale[d], x[d]))
      return invalid("the scale has shape ", scale, ", which differs from x of shape ", x,
                     " in another axis than ", axis);
  }
  map.blocked_ = true;
  if (x[at] == Shape::kUnknown || scale[at] == Shape::kUnknown) return map;
  map.block_ = block_size;
  if (block_size == 0) {
    if (scale[at] == 0 || x[at] % scale[at] != 0)
      return invalid("block_size is missing, and ", x[at], " elements along axis ", axis,
                     " do not divide into ", scale[at], " blocks");
    map.block_ = std::max<int64_t>(x[at] / scale[at], 1);
  } else if (x[at] > 0 && (x[at] - 1) / block_size + 1 != scale[at]) {
    return invalid("the scale has shape ", scale, ", but axis ", axis, " of x has ", x[at],
                   " elements in blocks of ", block_size);
  }
  return map;
}

Status expect_zero_point(const InferContext& c, size_t i, std::string_view name,
                         const Shape& scale) {
  const Shape& shape = c.shape(i);
  if (scale.rank() <= 1 && shape.rank() <= 1 && scale.elements() == 1 && shape.elements() == 1)
    return {};
  return expect_shape(c, i, name, scale);
}

IntegerRange range_of(DType dtype) {
  const int width = static_cast<int>(bits(dtype));
  if (is_signed(dtype)) return {-(1 << (width - 1)), (1 << (width - 1)) - 1};
  return {0, (1 << width) - 1};
}

int32_t quantize(double value, int32_t zero_point, IntegerRange range) {
  if (std::isnan(value)) return std::clamp(zero_point, range.least, range.most);
  const double rounded = std::nearbyint(value) + zero_point;
  return static_cast<int32_t>(
      std::clamp(rounded, static_cast<double>(range.least), static_cast<double>(range.most)));
}

void store_integer(Tensor& tensor, int64_t i, int32_t value) {
  switch (tensor.dtype()) {
    case DType::uint8:
      tensor.mutable_as<uint8_t>()[i] = static_cast<uint8_t>(value);
      return;
    case DType::int8:
      tensor.mutable_as<int8_t>()[i] = static_cast<int8_t>(value);
      return;
    case DType::uint16:
      tensor.mutable_as<uint16_t>()[i] = static_cast<uint16_t>(value);
      return;
    case DType::int16:
      tensor.mutable_as<int16_t>()[i] = static_cast<int16_t>(value);
      return;
    case DType::int32:
      tensor.mutable_as<int32_t>()[i] = value;
      return;
    default:
      store_packed(tensor.dtype(), tensor.mutable_data(), i, value);
  }
}

}  // namespace oarlock::ops
