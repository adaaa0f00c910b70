#pragma once
// What kernels of this backend read from nodes.

#include "backends/xrt/launch.h"

namespace oarlock::xrt {

// Kernels count elements in 32-bit numbers, and add a few of them.
inline constexpr int64_t kMostElements = 1 << 30;

// Refuses unless all inputs and outputs that are there are concrete tensors, not too large.
Status expect_tensors(const NodeView& node);
// The same, and all of them float32.
Status expect_float32(const NodeView& node);

inline int64_t element_count(const Shape& shape) { return shape.elements().value_or(0); }
// Elements of axes [begin, end).
int64_t extent(const Shape& shape, size_t begin, size_t end);

// One spatial dimension of a sliding window.
struct WindowAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
};
struct Window {
  WindowAxis y, x;

  // Whether the line buffers of sliding windows hold what it needs.
  bool fits_lines() const;
  // From index `at` of a parameter block on, as lines.h names the words.
  void set(Parameters& parameters, int at) const;
};

// A window over two spatial axes, or over one seen as a row; `kernel` are its extents.
Result<Window> read_window(const Attrs& attrs, const Shape& in, const Shape& out,
                           std::span<const int64_t> kernel);

}  // namespace oarlock::xrt
