#include "core/ops/support/concat.h"

namespace oarlock::ops {

Status append_along(Shape& shape, const Shape& next, size_t axis, size_t index) {
  if (next.rank() != shape.rank()) {
    return invalid("input ", index, " has the shape ", next, ", expected rank ", shape.rank(),
                   " like input 0");
  }
  for (size_t i = 0; i < shape.rank(); ++i) {
    int64_t& extent = shape[i];
    if (i == axis) {
      if (extent == Shape::kUnknown || next[i] == Shape::kUnknown) {
        extent = Shape::kUnknown;
      } else if (__builtin_add_overflow(extent, next[i], &extent)) {
        return out_of_memory("the joined extent of axis ", axis, " is too large");
      }
    } else if (extent == Shape::kUnknown) {
      extent = next[i];
    } else if (next[i] != Shape::kUnknown && next[i] != extent) {
      return invalid("input ", index, " has the shape ", next, ", expected ", extent, " at axis ",
                     i, " like the inputs before (only axis ", axis, " may differ)");
    }
  }
  return {};
}

}  // namespace oarlock::ops
