#pragma once

#include "backends/cpu/ops/support/integer_packing.h"
#include "kernels/cpu/integer_conv.h"

namespace oarlock::cpu {

// Arrays with one entry an output channel.
struct IntegerConvArrays {
  int32_t *row_add, *row_sum_factor;
  float* row_scale;
};

// A ConvInteger or QLinearConv node over two spatial dimensions, or one.
struct IntegerConv {
  struct Inputs {
    size_t weights, x_zero, w_zero;
    bool quantizes;  // inputs 1, 4, 6, 7: scales of x, w, y and y's zero point; 8: bias
  } in = {};
  int64_t batch = 1;
  kernels::cpu::ConvShape shape;
  bool x_signed = false, w_signed = false;
  DType result = DType::int32;

  int64_t group_channels() const { return shape.in_channels / shape.groups; }
  int64_t depth() const { return kernels::cpu::integer_conv_depth(shape); }
  int64_t result_bytes() const { return result == DType::int32 ? 4 : 1; }
  // Bytes of the arrays; where they are, `next` moving on.
  int64_t arrays() const;
  IntegerConvArrays take_arrays(std::byte*& next) const;
  // Scales and biases filled into the arrays, and what they make of sums.
  kernels::cpu::IntegerFinish finish(const KernelArgs& args, const IntegerConvArrays& arrays) const;
};
Result<IntegerConv> integer_conv_of(const NodeView& node);

}  // namespace oarlock::cpu
