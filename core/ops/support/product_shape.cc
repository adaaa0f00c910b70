#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

Result<ProductShape> product_shape(const Shape& a, const Shape& b, bool transpose_a,
                                   bool transpose_b) {
  if (a.empty() || b.empty())
    return invalid("a matrix product needs at least one dimension, but the shapes are ", a, " and ",
                   b);
  ProductShape p;
  p.a_vector = a.rank() == 1;
  p.b_vector = b.rank() == 1;
  int64_t a_k = a.back();
  if (!p.a_vector) {
    p.m = a[a.rank() - 2];
    if (transpose_a) std::swap(p.m, a_k);
    p.a_batch = Shape(a.dims().first(a.rank() - 2));
  }
  int64_t b_k = b.front();
  if (!p.b_vector) {
    b_k = b[b.rank() - 2];
    p.n = b.back();
    if (transpose_b) std::swap(p.n, b_k);
    p.b_batch = Shape(b.dims().first(b.rank() - 2));
  }
  if (!agree(a_k, b_k))
    return invalid("shapes ", a, transpose_a ? " (transposed)" : "", " and ", b,
                   transpose_b ? " (transposed)" : "", " cannot be multiplied: ", a_k,
                   " columns meet ", b_k, " rows");
  p.k = known_of(a_k, b_k);
  const auto batch = broadcast(p.a_batch, p.b_batch);
  if (!batch) return invalid("the leading dimensions of ", a, " and ", b, " do not broadcast");
  p.batch = *batch;
  return p;
}

std::vector<int64_t> batch_indices(const Shape& own, const Shape& batch) {
  const int64_t count = batch.elements().value_or(0);
  std::vector<int64_t> indices(static_cast<size_t>(count));
  Shape strides = row_major_strides(own);
  for (size_t d = 0; d < own.rank(); ++d) {
    if (own[d] == 1) strides[d] = 0;
  }
  const size_t shift = batch.rank() - own.rank();
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i;
    int64_t index = 0;
    for (size_t d = batch.rank(); d-- > 0;) {
      if (d >= shift) index += rest % batch[d] * strides[d - shift];
      rest /= batch[d];
    }
    indices[i] = index;
  }
  return indices;
}

double product_flops(const ProductShape& shape) {
  double flops = 2;
  for (int64_t extent : shape.batch) flops *= static_cast<double>(extent);
  return flops * static_cast<double>(shape.m) * static_cast<double>(shape.n) *
         static_cast<double>(shape.k);
}

}  // namespace oarlock::ops
