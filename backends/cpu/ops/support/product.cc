#include "backends/cpu/ops/support/product.h"

#include "kernels/cpu/gemm.h"

namespace oarlock::cpu {

Layout panels_layout(bool transposed, const Shape& b) {
  const int64_t rows = b[b.rank() - 2], columns = b[b.rank() - 1];
  const int64_t each = transposed ? kernels::cpu::gemm_packed_elements(columns, rows)
                                  : kernels::cpu::gemm_packed_elements(rows, columns);
  const int64_t count = extent(b, 0, b.rank() - 2) * each;
  return Layout::opaque(std::string(transposed ? kTransposedPanels : kPanels),
                        static_cast<size_t>(count) * sizeof(float));
}

namespace {

// For every index of `batch`, which matrix of an operand with batch axes `own` belongs to it.
std::vector<int64_t> matrices(const Shape& own, const Shape& batch, int64_t size) {
  const int64_t count = extent(batch, 0, batch.rank());
  const size_t lead = batch.rank() - own.rank();
  std::vector<int64_t> offsets(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, offset = 0, stride = size;
    for (size_t axis = batch.rank(); axis-- > lead;) {
      const int64_t index = rest % batch[axis];
      rest /= batch[axis];
      const int64_t dim = own[axis - lead];
      if (dim != 1) offset += index * stride;
      stride *= dim;
    }
    offsets[static_cast<size_t>(i)] = offset;
  }
  return offsets;
}

Shape leading(const Shape& shape) { return Shape(shape.dims().first(shape.rank() - 2)); }

Result<Product::Bias> bias_kind(const Shape& bias, const Shape& result, int64_t n) {
  const int64_t count = extent(bias, 0, bias.rank());
  if (count == 1) return Product::Bias::scalar;
  if (count == n && !bias.empty() && bias.back() == n) return Product::Bias::row;
  if (bias == result) return Product::Bias::matrix;
  return unsupported("a bias of shape ", bias, " for a result of shape ", result,
                     "; only one number, one row or a whole matrix can be added here");
}

}  // namespace

Result<Product> product_of_shapes(Shape a, Shape b, bool trans_a, bool trans_b) {
  Product p;
  if (a.empty() || b.empty()) return unsupported("a scalar operand");
  if (a.rank() == 1) {
    a.insert(0, 1);
    trans_a = false;
  }
  if (b.rank() == 1) {
    b.push_back(1);
    trans_b = false;
  }
  const int64_t rows = a[a.rank() - 2], columns = a[a.rank() - 1];
  p.m = trans_a ? columns : rows;
  p.k = trans_a ? rows : columns;
  p.n = trans_b ? b[b.rank() - 2] : b[b.rank() - 1];
  p.trans_b = trans_b;
  p.a_row_stride = trans_a ? 1 : p.k;
  p.a_col_stride = trans_a ? p.m : 1;
  if (p.m == 0 || p.n == 0 || p.k == 0) return unsupported("an empty operand");

  const Shape a_batch = leading(a), b_batch = leading(b);
  const std::optional<Shape> batch = broadcast(a_batch, b_batch);
  if (!batch) return unsupported("batch axes ", a_batch, " and ", b_batch);
  if (extent(b_batch, 0, b_batch.rank()) == 1 && !trans_a) {
    p.m *= extent(a_batch, 0, a_batch.rank());
    p.a_offsets = p.b_offsets = {0};
  } else {
    p.a_offsets = matrices(a_batch, *batch, rows * columns);
    p.b_offsets = matrices(b_batch, *batch, p.k * p.n);
  }
  if (p.a_offsets.empty()) return unsupported("an empty operand");
  return p;
}

Result<Product> product_of(const NodeView& node) {
  const bool gemm = node.node().op == "Gemm", narrow = node.node().op == "NarrowMatMul";
  const size_t bias = narrow ? 3 : 2, residual = narrow ? 4 : 3;
  if (!narrow) OARLOCK_TRY(expect_float32(node));
  const bool trans_a = node.attrs().integer(gemm ? "transA" : "trans_a") != 0;
  const bool trans_b = node.attrs().integer(gemm ? "transB" : "trans_b") != 0;
  if (gemm && node.has_input(2) && node.attrs().number("beta", 1.0f) != 1.0f)
    return unsupported("Gemm with beta ", static_cast<double>(node.attrs().number("beta", 1.0f)));
  OARLOCK_ASSIGN(Product p,
                 product_of_shapes(node.input_shape(0), node.input_shape(1), trans_a, trans_b));
  p.alpha = node.attrs().number("alpha", 1.0f);
  OARLOCK_ASSIGN(p.activation, read_activation(node));
  const Shape& result = node.output_shape(0);
  if (node.has_input(bias)) {
    OARLOCK_ASSIGN(p.bias, bias_kind(node.input_shape(bias), result, p.n));
  }
  p.residual = node.has_input(residual);
  if (p.residual && p.bias == Product::Bias::matrix)
    return unsupported("a bias matrix together with a residual");
  if (p.residual && !(node.input_shape(residual) == result))
    return unsupported("a residual of shape ", node.input_shape(residual),
                       " for a result of shape ", result);
  return p;
}

}  // namespace oarlock::cpu
