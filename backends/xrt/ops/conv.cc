// Conv on the engine of products; one filter a channel by line buffers.
#include <vector>

#include "backends/xrt/ops/support/engine.h"
#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"
#include "kernels/fpga/depthwise.h"
#include "kernels/fpga/gemm_words.h"

namespace oarlock::xrt {

namespace {

struct Fused {
  Convolution shape;
  bool bias = false, residual = false;
  Function function;
};

Result<Fused> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  Fused c;
  OARLOCK_ASSIGN(c.shape, read_convolution(node, 1));
  c.bias = node.input_count() > 2 && node.has_input(2);
  c.residual = node.input_count() > 3 && node.has_input(3);
  OARLOCK_ASSIGN(c.function, fused_function(node));
  return c;
}

KernelOption option_of(const Fused& c) {
  KernelOption option;
  if (c.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  return option;
}

Result<KernelNeeds> match_engine(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Fused c, read_node(node));
  return KernelNeeds(option_of(c));
}

Result<KernelPtr> create_engine(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Fused c, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, c.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "gemm",
                                                      {tensor(1), tensor(0), optional(c.bias, 2),
                                                       optional(c.residual, 3), table, tensor(y)}));
  Parameters p(GEMM_WORDS);
  set_convolution(p, c.shape, c.bias);
  p.set(GEMM_RESIDUAL, int64_t{c.residual});
  p.set(GEMM_ALPHA, 1.0f);
  p.set(GEMM_BETA, 1.0f);
  set_function(p, GEMM_FUNCTION, c.function);
  OARLOCK_TRY(add_by_rows(*launch, p, [&](int64_t row) -> std::vector<int64_t> {
    const int64_t to = row * c.shape.pixels();
    return {row * c.shape.depth(), 0, c.bias ? row : 0, c.residual ? to : 0, 0, to};
  }));
  return launch_kernel(launch);
}

Result<KernelNeeds> match_depthwise(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Fused c, read_node(node));
  if (c.shape.groups != c.shape.in || c.shape.groups == 1)
    return unsupported("filters see more than one channel");
  if (!c.shape.window.fits_lines() || c.shape.taps() > FPGA_WINDOW)
    return unsupported("a window of ", c.shape.window.y.kernel, " x ", c.shape.window.x.kernel,
                       " over rows of ", c.shape.window.x.in, " exceeds the line buffers");
  return KernelNeeds(option_of(c));
}

Result<KernelPtr> create_depthwise(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Fused c, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, c.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "depthwise",
                                                      {tensor(0), tensor(1), optional(c.bias, 2),
                                                       optional(c.residual, 3), table, tensor(y)}));
  Parameters p(DEPTHWISE_WORDS);
  p.set(DEPTHWISE_BATCH, c.shape.batch);
  p.set(DEPTHWISE_FILTERS, c.shape.out);
  p.set(DEPTHWISE_MULTIPLIER, c.shape.out / c.shape.in);
  p.set(DEPTHWISE_BIAS, int64_t{c.bias});
  p.set(DEPTHWISE_RESIDUAL, int64_t{c.residual});
  c.shape.window.set(p, DEPTHWISE_WINDOW);
  set_function(p, DEPTHWISE_FUNCTION, c.function);
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> conv_kernels();

std::span<const KernelDef> conv_kernels() {
  static const std::vector<KernelDef> defs = [] {
    std::vector<KernelDef> list;
    for (const char* op : {"Conv", "oarlock.Conv"}) {
      list.push_back({op, "conv_depthwise", match_depthwise, create_depthwise});
      list.push_back({op, "conv_engine", match_engine, create_engine});
    }
    return list;
  }();
  return defs;
}

}  // namespace oarlock::xrt
