#pragma once

#include <array>
#include <span>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

// A node that slides a window over two spatial axes (rows, columns), or over one, seen as a row.
struct Window {
  std::array<int64_t, 2> in = {1, 1}, out = {1, 1}, extent = {1, 1}, stride = {1, 1},
                         dilation = {1, 1}, before = {0, 0}, after = {0, 0};
};

// Of a node with the attributes strides, dilations, pads, auto_pad, whose window has these extents.
Result<Window> read_window(const NodeView& node, std::span<const int64_t> extent);

inline cl_int2 pair(const std::array<int64_t, 2>& values) {
  cl_int2 packed;
  packed.s[0] = static_cast<cl_int>(values[0]);
  packed.s[1] = static_cast<cl_int>(values[1]);
  return packed;
}

}  // namespace oarlock::opencl
