#pragma once

#include "core/ops/support/arguments.h"

namespace oarlock::ops {

// Element i of an index tensor as a position along an axis of this extent; negative ones count from
// the end. Errors name the index and the extent.
inline Status position(const Tensor& indices, int64_t i, int64_t extent, int64_t& out) {
  const int64_t index = integer_at(indices, i);
  out = index < 0 ? index + extent : index;
  if (out >= 0 && out < extent) return {};
  return invalid("index ", index, " (element ", i, " of the indices) is out of range for an axis ",
                 "of extent ", extent);
}

// That indices of this shape stay within `data` on every axis but the indexed one (unknown extents
// pass).
inline Status check_indices_within(const Shape& indices, const Shape& data, size_t axis) {
  for (size_t i = 0; i < data.rank(); ++i) {
    if (i != axis && data[i] != Shape::kUnknown && indices[i] > data[i]) {
      return invalid("the indices of shape ", indices, " exceed the data of shape ", data,
                     " at axis ", i);
    }
  }
  return {};
}

}  // namespace oarlock::ops
