#pragma once

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

// One spatial dimension of a sliding window.
struct WindowAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0, pad_end = 0;
  // Input elements that the window reaches, padding included.
  int64_t reach() const { return (out - 1) * stride + (kernel - 1) * dilation + 1; }
};

// Spatial axis i of a node with the attributes strides, dilations, pads, auto_pad whose window has
// this extent there; pads follow from auto_pad, and of transposed convolutions from output_shape.
// Refuses what is outside the range of positions that kernels compute with.
Result<WindowAxis> read_window_axis(const NodeView& node, size_t i, int64_t kernel,
                                    bool transposed = false);

inline cl_int2 pair(int64_t x, int64_t y) {
  cl_int2 packed;
  packed.s[0] = static_cast<cl_int>(x);
  packed.s[1] = static_cast<cl_int>(y);
  return packed;
}

}  // namespace oarlock::opencl
