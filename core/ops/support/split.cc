#include "core/ops/support/split.h"

#include <algorithm>

#include "core/ops/support/units.h"

namespace oarlock::ops {

IntegerList lengths_of_chunks(int64_t extent, int64_t chunk, size_t count) {
  IntegerList lengths(count);
  for (size_t i = 0; i < count; ++i) {
    lengths[i] = std::min(chunk, extent);
    extent -= lengths[i];
  }
  return lengths;
}

Status check_lengths(const IntegerList& lengths, int64_t extent, size_t count) {
  if (lengths.size() != count) {
    return invalid("split has ", lengths.size(), " lengths for ", count, " outputs");
  }
  int64_t sum = 0;
  for (const int64_t length : lengths) {
    if (length < 0 || __builtin_add_overflow(sum, length, &sum)) {
      return invalid("split ", lengths, " has a negative or too large length");
    }
  }
  if (extent != Shape::kUnknown && sum != extent) {
    return invalid("split ", lengths, " sums up to ", sum, ", but the axis has the extent ",
                   extent);
  }
  return {};
}

Status copy_part(const Tensor& x, size_t axis, int64_t offset, Tensor& y) {
  if (y.elements() == 0) return {};
  const Shape& shape = x.shape();
  const int64_t outer = product(shape, 0, axis);
  const int64_t row = product(shape, axis, shape.rank());
  const int64_t length = product(y.shape(), axis, shape.rank());
  const int64_t first = offset * product(shape, axis + 1, shape.rank());
  return move_units(x, y, [&](auto, const auto* from, auto* to) {
    for (int64_t i = 0; i < outer; ++i) {
      std::copy_n(from + i * row + first, length, to + i * length);
    }
  });
}

}  // namespace oarlock::ops
