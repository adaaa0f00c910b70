#pragma once

#include "backends/opencl/ops/support/convolution.h"

namespace oarlock::opencl {

// A MatMul, Gemm or oarlock.MatMul node as equal matrix products at even distances:
// y = activation(alpha * a @ b + beta * bias + residual). Batch axes of A are folded into its rows
// where one B serves all of them.
struct Product {
  int64_t batch = 1, m = 1, n = 1, k = 1;
  int64_t a_row = 0, a_column = 1, a_batch = 0;  // strides in elements
  int64_t b_row = 0, b_column = 1, b_batch = 0;
  int64_t bias_row = 0, bias_column = 0, bias_batch = 0;
  bool bias = false, residual = false;  // inputs 2 and 3
  float alpha = 1, beta = 1;
  Activation activation;
  DType dtype = DType::float32;
};

// Refuses, with the reason, what the kernels cannot do.
Result<Product> read_product(const NodeView& node);

}  // namespace oarlock::opencl
