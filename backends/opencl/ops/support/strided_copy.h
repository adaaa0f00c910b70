#pragma once

#include <vector>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

// Elements that move from one place to another: along each axis by a stride on either side, all in
// elements.
struct StridedCopy {
  std::vector<int64_t> extents, from, to;
  int64_t from_start = 0, to_start = 0;
};

// Strides of a row-major tensor of these extents; 0 where the extent is 1 if `broadcast`.
std::vector<int64_t> row_major_strides(const std::vector<int64_t>& extents, bool broadcast = false);

// Joins axes that both sides walk over as one and drops those of extent 1.
StridedCopy simplified(StridedCopy copy);

// One launch, of the source and the target; refuses more than nine axes that cannot be joined.
Result<LaunchPtr> launch_copy(ClDevice& device, DType dtype, const StridedCopy& copy);
Status expect_few_axes(const StridedCopy& copy);

// Whether sharing memory has left nothing to move.
inline bool is_same_memory(const TensorRef& from, int64_t from_bytes, const TensorRef& to,
                           int64_t to_bytes) {
  return from.buffer == to.buffer && static_cast<int64_t>(from.offset) + from_bytes ==
                                         static_cast<int64_t>(to.offset) + to_bytes;
}

// A step that copies input 0 to output 0 unless they share memory.
Result<KernelPtr> copy_kernel(ClDevice& device, DType dtype, const StridedCopy& copy);

}  // namespace oarlock::opencl
