#pragma once

#include <span>

#include "backends/opencl/ops/support/layouts.h"
#include "oarlock/plugin/activation.h"

namespace oarlock::opencl {

// One spatial dimension of a sliding window.
struct WindowAxis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad_begin = 0;
  // Input elements that the window reaches, padding included.
  int64_t reach() const { return (out - 1) * stride + (kernel - 1) * dilation + 1; }
};

// A Conv, oarlock.Conv or ConvTranspose node of two spatial dimensions (or one, seen as a row).
struct Convolution {
  int64_t batch = 1, in_channels = 1, out_channels = 1, groups = 1;
  WindowAxis x, y;
  bool transposed = false;
  Activation activation;

  int64_t taps() const { return x.kernel * y.kernel; }
  int64_t in_pixels() const { return x.in * y.in; }
  int64_t out_pixels() const { return x.out * y.out; }
  bool is_pointwise() const {
    return !transposed && taps() == 1 && x.stride == 1 && y.stride == 1 && x.pad_begin == 0 &&
           y.pad_begin == 0 && in_pixels() == out_pixels();
  }
  bool is_depthwise() const {
    return !transposed && groups > 1 && groups == in_channels && groups == out_channels;
  }
};

// Refuses, with the reason, what the kernels cannot do.
Result<Convolution> read_convolution(const NodeView& node);
// The fused activation of a node of domain "oarlock"; none in other domains.
Result<Activation> read_activation(const NodeView& node);

inline cl_int2 pair(int64_t x, int64_t y) {
  cl_int2 packed;
  packed.s[0] = static_cast<cl_int>(x);
  packed.s[1] = static_cast<cl_int>(y);
  return packed;
}

}  // namespace oarlock::opencl
