#pragma once

#include <cstdint>

namespace oarlock::kernels::cpu {

// A two-dimensional convolution or pooling of one image. Output pixel (y, x) reads input pixels
// (y * stride_height - pad_top + ky * dilation_height, ...); those outside the input count as
// zero (pooling: are left out). All extents are positive, pads are not negative, channels are
// multiples of groups.
struct ConvShape {
  int64_t in_channels = 1, in_height = 1, in_width = 1;
  int64_t out_channels = 1, out_height = 1, out_width = 1;
  int64_t groups = 1;
  int64_t kernel_height = 1, kernel_width = 1;
  int64_t stride_height = 1, stride_width = 1;
  int64_t dilation_height = 1, dilation_width = 1;
  int64_t pad_top = 0, pad_left = 0;

  int64_t in_blocks() const { return (in_channels + 15) / 16; }
  int64_t out_blocks() const { return (out_channels + 15) / 16; }
  int64_t in_pixels() const { return in_height * in_width; }
  int64_t out_pixels() const { return out_height * out_width; }
  int64_t taps() const { return kernel_height * kernel_width; }
  // Columns to the right of the input that a row's last output pixel reads; may be negative.
  int64_t right_overhang() const {
    return (out_width - 1) * stride_width + (kernel_width - 1) * dilation_width - pad_left -
           in_width + 1;
  }
  // Every output pixel reads the input pixel of the same number and no other.
  bool is_pointwise() const {
    return taps() == 1 && stride_height == 1 && stride_width == 1 && pad_top == 0 &&
           pad_left == 0 && in_height == out_height && in_width == out_width;
  }
};

// Half-open range of work units.
struct Range {
  int64_t begin = 0, end = 0;
};

}  // namespace oarlock::kernels::cpu
