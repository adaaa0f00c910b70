// Convolution, activation and pooling on three kernels joined by streams, where the cost formulas
// find that faster than one after the other.
#include <algorithm>
#include <array>

#include "backends/xrt/fused_ops.h"
#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/pool.h"
#include "kernels/fpga/cost.h"
#include "kernels/fpga/stream_function.h"
#include "kernels/fpga/stream_gemm.h"
#include "kernels/fpga/stream_pool.h"

namespace oarlock::xrt {

namespace {

struct Chain {
  Convolution shape;
  Window window;  // of pooling
  std::string pool;
  Attrs pooling;
  Function function;
  bool bias = false;

  int64_t planes() const { return shape.batch * shape.out; }

  Parameters products() const {
    Parameters p(GEMM_WORDS);
    set_convolution(p, shape, bias);
    p.set(GEMM_ALPHA, 1.0f);
    p.set(GEMM_BETA, 1.0f);
    return p;
  }
  Parameters functions() const {
    Parameters p(STREAM_FUNCTION_WORDS);
    p.set(STREAM_FUNCTION_COUNT, planes() * shape.pixels());
    set_function(p, STREAM_FUNCTION, function);
    return p;
  }
  Parameters pools() const {
    Parameters p(STREAM_POOL_WORDS);
    p.set(STREAM_POOL_MATRICES, shape.batch * shape.groups);
    p.set(STREAM_POOL_CHANNELS, shape.out / shape.groups);
    set_pool(p, STREAM_POOL, pool, pooling, window);
    return p;
  }
};

Result<Chain> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  Chain c;
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  Shape between = y;
  for (size_t i = 0; i < 2; ++i) between[i + 2] = node.attrs().integers("conv_extents")[i];
  const int64_t count = element_count(between);
  if (count < 1 || count > kMostElements) return unsupported(count, " elements between");
  OARLOCK_ASSIGN(c.shape, read_convolution(node.attrs(), x, node.input_shape(1), between));
  c.bias = node.input_count() > 2 && node.has_input(2);
  c.pool = node.attrs().string("pool");
  c.pooling = pooling_attrs(node.attrs());
  OARLOCK_ASSIGN(c.window, read_window(c.pooling, between, y, c.pooling.integers("kernel_shape")));
  const WindowAxis& rows = c.window.y;
  if (c.window.x.in > FPGA_STREAM_WIDTH || (rows.kernel - 1) * rows.dilation >= FPGA_STREAM_ROWS)
    return unsupported("a window of ", rows.kernel, " x ", c.window.x.kernel, " over rows of ",
                       c.window.x.in, " exceeds the line buffers");
  const std::optional<Activation> activation = activation_from(node.attrs());
  if (!activation) return unsupported("activation ", node.attrs().string("activation"));
  OARLOCK_ASSIGN(c.function, function_of(*activation));
  return c;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Chain c, read_node(node));
  std::array<kernels::fpga::Cost, 3> costs;
  kernels::fpga::stream_gemm_cost(c.products().words().data(), &costs[0]);
  kernels::fpga::stream_function_cost(c.functions().words().data(), &costs[1]);
  kernels::fpga::stream_pool_cost(c.pools().words().data(), &costs[2]);
  const double chain = kernels::fpga::chain_cycles(costs);
  // One after the other: the convolution where it is fastest, then pooling.
  double apart = engine_cycles(c.shape, c.bias, c.function,
                               static_cast<const XrtDevice&>(device).compute_units("oarlock_gemm"));
  kernels::fpga::Cost cost;
  if (has_winograd_window(c.shape) && node.constant(1) != nullptr) {
    kernels::fpga::winograd_cost(winograd_parameters(c.shape, c.bias, c.function).words().data(),
                                 &cost);
    apart = std::min(apart, cost.cycles);
  }
  Parameters p(POOL_WORDS);
  p.set(POOL_PLANES, c.planes());
  set_pool(p, 0, c.pool, c.pooling, c.window);
  kernels::fpga::pool_cost(p.words().data(), &cost);
  apart += cost.cycles;
  if (chain >= apart)
    return unsupported("one after the other takes ", apart, " cycles, the chain ", chain);
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Chain c, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, c.function));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt, "stream_gemm", {tensor(1), tensor(0), optional(c.bias, 2)}));
  OARLOCK_TRY(launch->add(c.products()));
  OARLOCK_TRY(launch->join("stream_function", {table}));
  OARLOCK_TRY(launch->add(c.functions()));
  OARLOCK_TRY(launch->join("stream_pool", {tensor(static_cast<int>(node.input_count()))}));
  OARLOCK_TRY(launch->add(c.pools()));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> conv_pool_kernels();

std::span<const KernelDef> conv_pool_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"oarlock.xrt.PooledConv", "conv_pool_streams", match, create}}};
  return list;
}

}  // namespace oarlock::xrt
