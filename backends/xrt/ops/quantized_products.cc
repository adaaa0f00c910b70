// QLinearConv and QLinearMatMul on the engine of 8-bit integers.
#include <array>
#include <optional>
#include <vector>

#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/quantization.h"
#include "kernels/fpga/gemm8.h"

namespace oarlock::xrt {

namespace {

// Inputs of both operators.
enum { kX, kXScale, kXZero, kW, kWScale, kWZero, kYScale, kYZero, kBias };

struct Quantized {
  int x_zero = 0, w_zero = 0, y_zero = 0;
  std::vector<float> scale;  // one, or one for each channel of the weights
};

Result<Quantized> read_quantization(const NodeView& node) {
  for (const int i : {kX, kW})
    if (!is_byte(node.input(i).dtype)) return unsupported("elements of type ", node.input(i).dtype);
  if (!is_byte(node.output(0).dtype)) return unsupported("results of type ", node.output(0).dtype);
  Quantized q;
  OARLOCK_ASSIGN(q.x_zero, one_integer(node, kXZero));
  OARLOCK_ASSIGN(q.w_zero, one_integer(node, kWZero));
  OARLOCK_ASSIGN(q.y_zero, one_integer(node, kYZero));
  OARLOCK_ASSIGN(const std::vector<float> x_scale, constant_floats(node, kXScale));
  OARLOCK_ASSIGN(const std::vector<float> y_scale, constant_floats(node, kYScale));
  OARLOCK_ASSIGN(q.scale, constant_floats(node, kWScale));
  if (x_scale.size() != 1 || y_scale.size() != 1)
    return unsupported("more than one scale of the input or the result");
  for (float& s : q.scale) s = x_scale[0] * s / y_scale[0];
  return q;
}

void set_quantization(Parameters& p, const NodeView& node, const Quantized& q, int a, int b) {
  const auto is_signed = [&](int i) { return int64_t{node.input(i).dtype == DType::int8}; };
  p.set(GEMM8_A_SIGNED, is_signed(a));
  p.set(GEMM8_A_ZERO, int64_t{a == kX ? q.x_zero : q.w_zero});
  p.set(GEMM8_B_SIGNED, is_signed(b));
  p.set(GEMM8_B_ZERO, int64_t{b == kX ? q.x_zero : q.w_zero});
  const ByteRange range = range_of(node.output(0).dtype);
  p.set(GEMM8_Y_ZERO, int64_t{q.y_zero});
  p.set(GEMM8_Y_LEAST, int64_t{range.least});
  p.set(GEMM8_Y_MOST, int64_t{range.most});
}

Status expect_depth(int64_t depth) {
  if (depth <= FPGA_MOST_K8) return {};
  return unsupported("sums of ", depth, " products may exceed 32 bits");
}

struct Conv {
  Convolution shape;
  Quantized quantized;
  bool bias = false;
};

Result<Conv> read_conv(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  Conv c;
  OARLOCK_ASSIGN(c.quantized, read_quantization(node));
  OARLOCK_ASSIGN(c.shape, read_convolution(node, kW));
  OARLOCK_TRY(expect_depth(c.shape.depth()));
  c.bias = node.input_count() > kBias && node.has_input(kBias);
  return c;
}

Result<KernelNeeds> match_conv(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_conv(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create_conv(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Conv c, read_conv(node));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> scale, xrt.constant(c.quantized.scale));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "gemm8",
                                                      {tensor(kW, 1),
                                                       tensor(kX, 1),
                                                       optional(c.bias, kBias),
                                                       {-1, std::move(scale)},
                                                       tensor(y, 1)}));
  Parameters p(GEMM8_WORDS);
  set_convolution(p, c.shape, c.bias);
  set_quantization(p, node, c.quantized, kW, kX);
  const bool many = c.quantized.scale.size() > 1;
  p.set(GEMM8_SCALE_ROW, int64_t{many});
  p.set(GEMM8_SCALE_GROUP, many ? c.shape.out / c.shape.groups : 0);
  OARLOCK_TRY(add_by_rows(*launch, p, [&](int64_t row) -> std::vector<int64_t> {
    return {row * c.shape.depth(), 0, c.bias ? row : 0, many ? row : 0, row * c.shape.pixels()};
  }));
  return launch_kernel(launch);
}

struct MatMul {
  Quantized quantized;
  int64_t rows = 1, columns = 1, depth = 1, batch = 1;
  bool many_b = false;  // b has a matrix for each of a
};

Result<MatMul> read_matmul(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  MatMul m;
  OARLOCK_ASSIGN(m.quantized, read_quantization(node));
  const Shape &a = node.input_shape(kX), &b = node.input_shape(kW);
  if (a.rank() < 2 || b.rank() < 2) return unsupported("a vector as operand");
  m.depth = a[a.rank() - 1];
  m.columns = b[b.rank() - 1];
  m.rows = a[a.rank() - 2];
  OARLOCK_TRY(expect_depth(m.depth));
  const int64_t matrices = extent(b, 0, b.rank() - 2);
  m.many_b = matrices > 1;
  m.batch = extent(a, 0, a.rank() - 2);
  if (m.many_b && Shape(a.dims().first(a.rank() - 2)) != Shape(b.dims().first(b.rank() - 2)))
    return unsupported("batch axes that broadcast");
  if (!m.many_b) {
    m.rows *= m.batch;
    m.batch = 1;
  }
  if (m.quantized.scale.size() > 1 && static_cast<int64_t>(m.quantized.scale.size()) != m.columns)
    return unsupported("scales that are not one for each column");
  return m;
}

Result<KernelNeeds> match_matmul(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_matmul(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create_matmul(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const MatMul m, read_matmul(node));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> scale, xrt.constant(m.quantized.scale));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "gemm8",
                                                      {tensor(kX, 1),
                                                       tensor(kW, 1),
                                                       Launch::Argument(),
                                                       {-1, std::move(scale)},
                                                       tensor(y, 1)}));
  Parameters p(GEMM8_WORDS);
  p.set(GEMM_BATCH, m.batch);
  p.set(GEMM_GROUPS, int64_t{1});
  p.set(GEMM_M, m.rows);
  p.set(GEMM_N, m.columns);
  p.set(GEMM_K, m.depth);
  p.set(GEMM_A_ROW, m.depth);
  p.set(GEMM_A_COLUMN, int64_t{1});
  p.set(GEMM_A_BATCH, m.rows * m.depth);
  p.set(GEMM_B_ROW, m.columns);
  p.set(GEMM_B_COLUMN, int64_t{1});
  p.set(GEMM_B_BATCH, m.many_b ? m.depth * m.columns : 0);
  p.set(GEMM_Y_BATCH, m.rows * m.columns);
  set_quantization(p, node, m.quantized, kX, kW);
  p.set(GEMM8_SCALE_COLUMN, int64_t{m.quantized.scale.size() > 1});
  OARLOCK_TRY(add_by_rows(*launch, p, [&](int64_t row) -> std::vector<int64_t> {
    return {row * m.depth, 0, 0, 0, row * m.columns};
  }));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> quantized_products_kernels();

std::span<const KernelDef> quantized_products_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"QLinearConv", "conv_engine_8bit", match_conv, create_conv},
      {"QLinearMatMul", "matmul_engine_8bit", match_matmul, create_matmul},
  }};
  return list;
}

}  // namespace oarlock::xrt
