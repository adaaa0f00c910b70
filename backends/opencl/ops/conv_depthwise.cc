// Depthwise Conv in blocked channels.
#include <algorithm>
#include <array>

#include "backends/opencl/ops/support/conv_node.h"

namespace oarlock::opencl {

namespace {

constexpr int64_t kMostTaps = 49;  // the window is unrolled

struct Depthwise {
  Convolution conv;
  Tile tile;
  PanelPacking packing;  // one panel a block of channels, and a panel of zeros
};

Result<Depthwise> read_depthwise(const NodeView& node, const Device& device) {
  Depthwise d;
  OARLOCK_ASSIGN(d.conv, read_convolution(node));
  const Convolution& c = d.conv;
  if (!c.is_depthwise()) return unsupported("is not depthwise");
  if (c.taps() > kMostTaps || c.x.kernel * c.x.dilation > kMostTaps)
    return unsupported("a window of ", c.y.kernel, " x ", c.x.kernel, " is not unrolled");
  if (c.x.stride > 4) return unsupported("a stride of ", c.x.stride);
  const int64_t block = cl_device(device).traits().channel_block;
  // Rows of the usual images are multiples of 7.
  const int64_t most = cl_device(device).traits().is_cpu ? 7 : 4;
  const int64_t pieces = ceil_div(c.x.out, most);
  d.tile = {pieces == 1 ? c.x.out : most, 1, block};
  d.packing = {.panels = ceil_div(c.in_channels, block) + 1,
               .depth = c.taps(),
               .columns = c.in_channels,
               .width = block,
               .depth_stride = 1,
               .column_stride = c.taps()};
  return d;
}

Result<KernelNeeds> match_depthwise(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Depthwise d, read_depthwise(node, device));
  return KernelNeeds(
      conv_option(node, device, d.tile, blocked_layout(device), d.packing.layout(d.conv.dtype)));
}

Result<KernelPtr> create_depthwise(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Depthwise d, read_depthwise(node, device));
  const Convolution& c = d.conv;
  Defines defines;
  defines.set("KX", c.x.kernel)
      .set("KY", c.y.kernel)
      .set("SX", c.x.stride)
      .set("SY", c.y.stride)
      .set("DX", c.x.dilation)
      .set("DY", c.y.dilation);
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("depthwise", d.tile, c.activation, c.dtype, defines,
                               computes_in_half(c.dtype, device)));
  const int64_t blocks = d.packing.panels - 1, planes = c.batch * blocks;
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl_device(device), source, "depthwise", 5,
                              Work::grid({d.tile.tiles(c.x.out), c.y.out, planes}, {1, 4, 1})));
  OARLOCK_TRY(launch->scalars(pair(c.x.in, c.y.in), pair(c.x.out, c.y.out),
                              pair(c.x.pad_begin, c.y.pad_begin), static_cast<cl_int>(blocks),
                              static_cast<cl_int>(planes)));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run(std::span<const TensorRef>(conv_tensors(args)));
  });
}

}  // namespace

std::span<const KernelDef> conv_depthwise_kernels();

std::span<const KernelDef> conv_depthwise_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_depthwise", match_depthwise, create_depthwise, false);
  return defs;
}

}  // namespace oarlock::opencl
