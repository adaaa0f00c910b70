#pragma once

#include "core/ops/support/arguments.h"
#include "oarlock/tensor.h"

namespace oarlock::ops {

// Lengths of `count` parts of `chunk` each, as far as `extent` reaches.
IntegerList lengths_of_chunks(int64_t extent, int64_t chunk, size_t count);
// That given lengths are as many as wanted, not negative, and sum up to `extent` (if known).
Status check_lengths(const IntegerList& lengths, int64_t extent, size_t count);
// Copies the part of `x` that starts at `offset` along `axis` and has the shape of `y`.
Status copy_part(const Tensor& x, size_t axis, int64_t offset, Tensor& y);

}  // namespace oarlock::ops
