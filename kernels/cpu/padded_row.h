#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// A copy of a row of the input in NCHW16c, as wide as a row of the output reads: zeros, `count`
// pixels, zeros.
struct PaddedRow {
  int64_t left, count, right;

  explicit PaddedRow(const ConvShape& s) {
    const int64_t width = floats(s) / 16;
    left = std::min(s.pad_left, width);
    count = std::min(s.in_width, width - left);
    right = width - left - count;
  }
  static int64_t floats(const ConvShape& s) {
    return ((s.out_width - 1) * s.stride_width + (s.kernel_width - 1) * s.dilation_width + 1) * 16;
  }
  void clear_padding(float* row) const {
    std::fill_n(row, left * 16, 0.0f);
    std::fill_n(row + (left + count) * 16, right * 16, 0.0f);
  }
};

}  // namespace oarlock::kernels::cpu
