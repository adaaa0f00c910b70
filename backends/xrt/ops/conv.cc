// Conv on the engine of products; one filter a channel by line buffers.
#include <vector>

#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"
#include "kernels/fpga/depthwise.h"
#include "kernels/fpga/gemm.h"

namespace oarlock::xrt {

namespace {

struct Convolution {
  Window window;
  int64_t batch = 1, in = 1, out = 1, groups = 1;
  bool bias = false, residual = false;
  Function function;

  int64_t taps() const { return window.y.kernel * window.x.kernel; }
  int64_t pixels() const { return window.y.out * window.x.out; }
  int64_t depth() const { return in / groups * taps(); }
};

Result<Convolution> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  Convolution c;
  const Shape& weights = node.input_shape(1);
  if (weights.rank() != node.input_shape(0).rank()) return unsupported("weights of another rank");
  OARLOCK_ASSIGN(c.window, read_window(node, weights.dims().subspan(2)));
  c.batch = node.input_shape(0)[0];
  c.in = node.input_shape(0)[1];
  c.out = node.output_shape(0)[1];
  c.groups = node.attrs().integer("group", 1);
  if (c.groups < 1 || c.in % c.groups != 0 || c.out % c.groups != 0)
    return unsupported(c.in, " input and ", c.out, " output channels in ", c.groups, " groups");
  c.bias = node.input_count() > 2 && node.has_input(2);
  c.residual = node.input_count() > 3 && node.has_input(3);
  OARLOCK_ASSIGN(c.function, fused_function(node));
  return c;
}

KernelOption option_of(const Convolution& c) {
  KernelOption option;
  if (c.residual) option.sharing.push_back({Sharing::Kind::in_place, 0, 3, 0});
  return option;
}

// The step's tensors, some of which the node may lack.
Launch::Argument optional(bool present, int index) {
  return present ? tensor(index) : Launch::Argument();
}

Result<KernelNeeds> match_engine(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Convolution c, read_node(node));
  return KernelNeeds(option_of(c));
}

Result<KernelPtr> create_engine(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Convolution c, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, c.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "gemm",
                                                      {tensor(1), tensor(0), optional(c.bias, 2),
                                                       optional(c.residual, 3), table, tensor(y)}));
  const int64_t group_in = c.in / c.groups, group_out = c.out / c.groups;
  const int64_t in_pixels = c.window.y.in * c.window.x.in;
  Parameters p(GEMM_WORDS);
  p.set(GEMM_BATCH, c.batch);
  p.set(GEMM_GROUPS, c.groups);
  p.set(GEMM_N, c.pixels());
  p.set(GEMM_K, c.depth());
  p.set(GEMM_A_ROW, c.depth());
  p.set(GEMM_A_COLUMN, int64_t{1});
  p.set(GEMM_A_GROUP, group_out * c.depth());
  p.set(GEMM_B_BATCH, c.in * in_pixels);
  p.set(GEMM_B_GROUP, group_in * in_pixels);
  p.set(GEMM_BIAS, int64_t{c.bias});
  p.set(GEMM_BIAS_ROW, int64_t{c.bias});
  p.set(GEMM_BIAS_GROUP, c.bias ? group_out : 0);
  p.set(GEMM_RESIDUAL, int64_t{c.residual});
  p.set(GEMM_Y_BATCH, c.out * c.pixels());
  p.set(GEMM_Y_GROUP, group_out * c.pixels());
  p.set(GEMM_ALPHA, 1.0f);
  p.set(GEMM_BETA, 1.0f);
  p.set(GEMM_IMAGE, int64_t{1});
  p.set(GEMM_IN_Y, c.window.y.in);
  p.set(GEMM_IN_X, c.window.x.in);
  p.set(GEMM_OUT_X, c.window.x.out);
  p.set(GEMM_KERNEL_Y, c.window.y.kernel);
  p.set(GEMM_KERNEL_X, c.window.x.kernel);
  p.set(GEMM_STRIDE_Y, c.window.y.stride);
  p.set(GEMM_STRIDE_X, c.window.x.stride);
  p.set(GEMM_DILATION_Y, c.window.y.dilation);
  p.set(GEMM_DILATION_X, c.window.x.dilation);
  p.set(GEMM_PAD_Y, c.window.y.pad_begin);
  p.set(GEMM_PAD_X, c.window.x.pad_begin);
  set_function(p, GEMM_FUNCTION, c.function);
  // The filters of a group are divided between the compute units, in whole tiles.
  const int64_t tiles = (group_out + FPGA_TILE_M - 1) / FPGA_TILE_M;
  const auto units = std::min<int64_t>(static_cast<int64_t>(launch->compute_units()), tiles);
  for (int64_t unit = 0; unit < units; ++unit) {
    const int64_t first = tiles * unit / units * FPGA_TILE_M;
    const int64_t end = std::min(tiles * (unit + 1) / units * FPGA_TILE_M, group_out);
    p.set(GEMM_M, end - first);
    const int from = static_cast<int>(first), to = static_cast<int>(first * c.pixels());
    OARLOCK_TRY(launch->add(p, {static_cast<int>(first * c.depth()), 0, c.bias ? from : 0,
                                c.residual ? to : 0, 0, to}));
  }
  return launch_kernel(launch);
}

Result<KernelNeeds> match_depthwise(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Convolution c, read_node(node));
  if (c.groups != c.in || c.groups == 1) return unsupported("filters see more than one channel");
  if (!c.window.fits_lines() || c.taps() > FPGA_WINDOW)
    return unsupported("a window of ", c.window.y.kernel, " x ", c.window.x.kernel,
                       " over rows of ", c.window.x.in, " exceeds the line buffers");
  return KernelNeeds(option_of(c));
}

Result<KernelPtr> create_depthwise(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Convolution c, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, c.function));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(xrt, "depthwise",
                                                      {tensor(0), tensor(1), optional(c.bias, 2),
                                                       optional(c.residual, 3), table, tensor(y)}));
  Parameters p(DEPTHWISE_WORDS);
  p.set(DEPTHWISE_BATCH, c.batch);
  p.set(DEPTHWISE_FILTERS, c.out);
  p.set(DEPTHWISE_MULTIPLIER, c.out / c.in);
  p.set(DEPTHWISE_BIAS, int64_t{c.bias});
  p.set(DEPTHWISE_RESIDUAL, int64_t{c.residual});
  c.window.set(p, DEPTHWISE_WINDOW);
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
