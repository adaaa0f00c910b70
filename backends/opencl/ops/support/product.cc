#include "backends/opencl/ops/support/product.h"

#include <optional>

namespace oarlock::opencl {

namespace {

struct Operand {
  Shape batch;
  int64_t rows = 1, columns = 1, row_stride = 1, column_stride = 1;
};

// The last two axes of an operand, swapped if need be; a vector is a row or a column.
Operand operand_of(Shape shape, bool transposed, bool right) {
  if (shape.rank() == 1) {
    shape.insert(right ? 1 : 0, 1);
    transposed = false;
  }
  Operand o;
  const size_t rank = shape.rank();
  o.batch = Shape(shape.dims().first(rank - 2));
  o.rows = shape[rank - 2];
  o.columns = shape[rank - 1];
  o.row_stride = o.columns;
  if (transposed) {
    std::swap(o.rows, o.columns);
    std::swap(o.row_stride, o.column_stride);
  }
  return o;
}

// Elements from one matrix of an operand to the next, given all batch axes; none when uneven.
std::optional<int64_t> batch_stride(const Shape& own, const Shape& batch, int64_t size) {
  if (element_count(own) == 1) return 0;
  if (element_count(own) == element_count(batch)) return size;
  return std::nullopt;
}

// Strides of a bias that broadcasts to [batch, m, n]; false when they are uneven.
bool read_bias(const Shape& bias, const Shape& batch, int64_t m, int64_t n, Product& p) {
  const size_t rank = bias.rank();
  const int64_t columns = rank > 0 ? bias[rank - 1] : 1, rows = rank > 1 ? bias[rank - 2] : 1;
  const int64_t matrices = rank > 2 ? extent(bias, 0, rank - 2) : 1;
  if ((columns != 1 && columns != n) || (rows != 1 && rows != m) ||
      (matrices != 1 && matrices != element_count(batch)))
    return false;
  p.bias_column = columns == 1 ? 0 : 1;
  p.bias_row = rows == 1 ? 0 : columns;
  p.bias_batch = matrices == 1 ? 0 : rows * columns;
  return true;
}

}  // namespace

Result<Product> read_product(const NodeView& node) {
  Product p;
  OARLOCK_ASSIGN(p.dtype, expect_floats(node));
  const bool gemm = node.node().op == "Gemm";
  const auto flag = [&](const char* in_gemm, const char* own) {
    return node.attrs().integer(gemm ? in_gemm : own) != 0;
  };
  if (node.input_shape(0).empty() || node.input_shape(1).empty())
    return unsupported("a scalar operand");
  const Operand a = operand_of(node.input_shape(0), flag("transA", "trans_a"), false);
  const Operand b = operand_of(node.input_shape(1), flag("transB", "trans_b"), true);
  const std::optional<Shape> batch = broadcast(a.batch, b.batch);
  if (!batch || a.columns != b.rows) return unsupported("operands that do not fit together");
  p.m = a.rows;
  p.k = a.columns;
  p.n = b.columns;
  p.a_row = a.row_stride;
  p.a_column = a.column_stride;
  p.b_row = b.row_stride;
  p.b_column = b.column_stride;
  p.batch = element_count(*batch);
  const auto a_batch = batch_stride(a.batch, *batch, p.m * p.k);
  const auto b_batch = batch_stride(b.batch, *batch, p.k * p.n);
  if (!a_batch || !b_batch)
    return unsupported("batch axes ", a.batch, " and ", b.batch, " that broadcast in part");
  p.a_batch = *a_batch;
  p.b_batch = *b_batch;

  if (gemm) p.beta = node.attrs().number("beta", 1.0f);
  p.bias = node.input_count() > 2 && node.has_input(2) && p.beta != 0;
  if (p.bias && !read_bias(node.input_shape(2), *batch, p.m, p.n, p))
    return unsupported("a bias of shape ", node.input_shape(2), " for a result of shape ",
                       node.output_shape(0));
  p.residual = node.input_count() > 3 && node.has_input(3);
  if (p.batch > 1 && p.b_batch == 0 && p.a_row == p.k && p.a_batch != 0 &&
      (!p.bias || (p.bias_row == 0 && p.bias_batch == 0) || p.bias_batch == p.m * p.bias_row)) {
    p.m *= p.batch;
    p.batch = 1;
  }
  p.alpha = node.attrs().number("alpha", 1.0f);
  OARLOCK_ASSIGN(p.activation, read_activation(node));
  return p;
}

}  // namespace oarlock::opencl
