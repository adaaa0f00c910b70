#pragma once

#include <vector>

#include "core/ops/support/check.h"

namespace oarlock::ops {

// The shapes of a product of stacks of matrices under numpy's rules: a vector on the left is a
// row, on the right a column; stacks broadcast.
struct ProductShape {
  Shape batch;                  // broadcast stack of matrices
  Shape a_batch, b_batch;       // the stacks of a and b
  int64_t m = 1, n = 1, k = 1;  // a is m x k, b is k x n
  bool a_vector = false, b_vector = false;

  // Shape of the result, without the axes that vectors lack.
  Shape result() const {
    Shape shape = batch;
    if (!a_vector) shape.push_back(m);
    if (!b_vector) shape.push_back(n);
    return shape;
  }
};

// `transpose_a`, `transpose_b` swap the last two axes of a stack (vectors stay).
Result<ProductShape> product_shape(const Shape& a, const Shape& b, bool transpose_a = false,
                                   bool transpose_b = false);

// For each matrix of `batch` the index of the matrix in a stack `own` that broadcasts to it.
std::vector<int64_t> batch_indices(const Shape& own, const Shape& batch);

double product_flops(const ProductShape& shape);

}  // namespace oarlock::ops
