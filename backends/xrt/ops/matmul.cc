// MatMul, Gemm and the fused oarlock.MatMul on the engine of products.
#include <array>
#include <optional>
#include <utility>

#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"
#include "kernels/fpga/gemm_words.h"

namespace oarlock::xrt {

namespace {

struct Operand {
  Shape batch;
  int64_t rows = 1, columns = 1, row_stride = 1, column_stride = 1;
};

struct Product {
  Operand a, b;
  int64_t batch = 1, a_batch = 0, b_batch = 0;
  int64_t bias_row = 0, bias_column = 0, bias_batch = 0;
  bool bias = false, residual = false;
  float alpha = 1, beta = 1;
  Function function;
};

// The last two axes of an operand, swapped if need be; a vector is a row or a column.
Operand read_operand(Shape shape, bool transposed, bool right) {
  if (shape.rank() == 1) {
    shape.insert(right ? 1 : 0, 1);
    transposed = false;
  }
  const size_t rank = shape.rank();
  Operand o{Shape(shape.dims().first(rank - 2)), shape[rank - 2], shape[rank - 1], shape[rank - 1],
            1};
  if (transposed) {
    std::swap(o.rows, o.columns);
    std::swap(o.row_stride, o.column_stride);
  }
  return o;
}

// Elements between matrices of an operand, given all batch axes; none when they differ.
std::optional<int64_t> batch_stride(const Operand& o, int64_t batch) {
  const int64_t own = element_count(o.batch);
  if (own == batch && batch > 1) return o.rows * o.columns;
  if (own == 1) return 0;
  return std::nullopt;
}

Status read_bias(const NodeView& node, Product& p) {
  const Shape& bias = node.input_shape(2);
  const size_t rank = bias.rank();
  const int64_t columns = rank > 0 ? bias[rank - 1] : 1, rows = rank > 1 ? bias[rank - 2] : 1;
  const int64_t matrices = rank > 2 ? extent(bias, 0, rank - 2) : 1;
  if ((columns != 1 && columns != p.b.columns) || (rows != 1 && rows != p.a.rows) ||
      (matrices != 1 && matrices != p.batch))
    return unsupported("a bias of shape ", bias, " for a result of ", node.output_shape(0));
  p.bias_column = columns == 1 ? 0 : 1;
  p.bias_row = rows == 1 ? 0 : columns;
  p.bias_batch = matrices == 1 ? 0 : rows * columns;
  return {};
}

Result<Product> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  const bool gemm = node.node().op == "Gemm";
  const auto flag = [&](const char* in_gemm, const char* own) {
    return node.attrs().integer(gemm ? in_gemm : own) != 0;
  };
  if (node.input_shape(0).empty() || node.input_shape(1).empty())
    return unsupported("a scalar operand");
  Product p;
  p.a = read_operand(node.input_shape(0), flag("transA", "trans_a"), false);
  p.b = read_operand(node.input_shape(1), flag("transB", "trans_b"), true);
  const std::optional<Shape> batch = broadcast(p.a.batch, p.b.batch);
  if (!batch || p.a.columns != p.b.rows) return unsupported("operands that do not fit together");
  p.batch = element_count(*batch);
  const auto a_batch = batch_stride(p.a, p.batch), b_batch = batch_stride(p.b, p.batch);
  if (!a_batch || !b_batch)
    return unsupported("batch axes ", p.a.batch, " and ", p.b.batch, " that broadcast in part");
  p.a_batch = *a_batch;
  p.b_batch = *b_batch;
  p.alpha = node.attrs().number("alpha", 1.0f);
  if (gemm) p.beta = node.attrs().number("beta", 1.0f);
  p.bias = node.input_count() > 2 && node.has_input(2) && p.beta != 0;
  if (p.bias) OARLOCK_TRY(read_bias(node, p));
  p.residual = node.input_count() > 3 && node.has_input(3);
  OARLOCK_ASSIGN(p.function, fused_function(node));
  return p;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Product p, read_node(node));
  KernelOption option;
  if (p.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  return KernelNeeds(option);
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Product product, read_node(node));
  const Product& p = product;
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, p.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "gemm",
                                                      {tensor(0), tensor(1), optional(p.bias, 2),
                                                       optional(p.residual, 3), table, tensor(y)}));
  Parameters words(GEMM_WORDS);
  words.set(GEMM_BATCH, p.batch);
  words.set(GEMM_GROUPS, int64_t{1});
  words.set(GEMM_M, p.a.rows);
  words.set(GEMM_N, p.b.columns);
  words.set(GEMM_K, p.a.columns);
  words.set(GEMM_A_ROW, p.a.row_stride);
  words.set(GEMM_A_COLUMN, p.a.column_stride);
  words.set(GEMM_A_BATCH, p.a_batch);
  words.set(GEMM_B_ROW, p.b.row_stride);
  words.set(GEMM_B_COLUMN, p.b.column_stride);
  words.set(GEMM_B_BATCH, p.b_batch);
  words.set(GEMM_BIAS, int64_t{p.bias});
  words.set(GEMM_BIAS_ROW, p.bias_row);
  words.set(GEMM_BIAS_COLUMN, p.bias_column);
  words.set(GEMM_BIAS_BATCH, p.bias_batch);
  words.set(GEMM_RESIDUAL, int64_t{p.residual});
  words.set(GEMM_Y_BATCH, p.a.rows * p.b.columns);
  words.set(GEMM_ALPHA, p.alpha);
  words.set(GEMM_BETA, p.beta);
  set_function(words, GEMM_FUNCTION, p.function);
  OARLOCK_TRY(add_by_rows(*launch, words, [&](int64_t row) -> std::vector<int64_t> {
    const int64_t to = row * p.b.columns;
    return {row * p.a.row_stride, 0, p.bias ? row * p.bias_row : 0, p.residual ? to : 0, 0, to};
  }));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> matmul_kernels();

std::span<const KernelDef> matmul_kernels() {
  static const std::array<KernelDef, 3> list = {{
      {"oarlock.MatMul", "matmul_engine", match, create},
      {"MatMul", "matmul_engine", match, create},
      {"Gemm", "matmul_engine", match, create},
  }};
  return list;
}

}  // namespace oarlock::xrt
