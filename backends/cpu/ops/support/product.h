#pragma once

#include <vector>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

// A MatMul, Gemm, oarlock.MatMul or oarlock.NarrowMatMul node as a list of equal matrix products.
// Batch axes of A are folded into its rows where one B serves all of them.
struct Product {
  int64_t m = 0, n = 0, k = 0;
  int64_t a_row_stride = 0, a_col_stride = 1;
  bool trans_b = false;
  float alpha = 1;
  kernels::cpu::Activation activation;
  std::vector<int64_t> a_offsets, b_offsets;  // of every product's first element
  enum class Bias : uint8_t { none, row, scalar, matrix };
  Bias bias = Bias::none;  // input 2 (NarrowMatMul: 3); matrix: of the result's shape
  bool residual = false;   // input 3 (4)

  int64_t batch() const { return static_cast<int64_t>(a_offsets.size()); }
};

// A constant right operand of shape [.., k, n] (transposed: [.., n, k]) as packed panels, one
// packed matrix after another. The Relayout kernels of matmul.cc make it from row-major memory.
inline constexpr std::string_view kPanels = "gemm_panels";
inline constexpr std::string_view kTransposedPanels = "gemm_panels_transposed";
Layout panels_layout(bool transposed, const Shape& b);

// Refuses, with the reason, what the kernels cannot do.
Result<Product> product_of(const NodeView& node);
// Sizes, strides and offsets of the product of tensors of these shapes.
Result<Product> product_of_shapes(Shape a, Shape b, bool trans_a, bool trans_b);

}  // namespace oarlock::cpu
