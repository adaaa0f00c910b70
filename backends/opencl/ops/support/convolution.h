#pragma once

#include <span>

#include "backends/opencl/ops/support/layouts.h"
#include "backends/opencl/ops/support/window.h"
#include "oarlock/plugin/activation.h"

namespace oarlock::opencl {

// A Conv, oarlock.Conv or ConvTranspose node of two spatial dimensions (or one, seen as a row).
struct Convolution {
  int64_t batch = 1, in_channels = 1, out_channels = 1, groups = 1;
  WindowAxis x, y;
  bool transposed = false;
  Activation activation;
  DType dtype = DType::float32;

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

}  // namespace oarlock::opencl
