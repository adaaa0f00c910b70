// Conv of any kind and ConvTranspose, directly in blocked channels.
#include <algorithm>
#include <array>

#include "backends/opencl/ops/support/conv_node.h"
#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl {

namespace {

struct Direct {
  Convolution conv;
  Tile tile;
  ConvPacking packing;
};

// Pixels that tiles divide: all, or those of the largest phase of a transposed convolution.
int64_t tiled_pixels(const Convolution& c) {
  return c.transposed ? ceil_div(c.x.out, c.x.stride) * ceil_div(c.y.out, c.y.stride)
                      : c.out_pixels();
}

Result<Direct> read_direct(const NodeView& node, const Device& device) {
  Direct d;
  OARLOCK_ASSIGN(d.conv, read_convolution(node));
  const Convolution& c = d.conv;
  d.tile = choose_tile(tiled_pixels(c), c.out_channels, device,
                       c.groups > 1 ? c.out_channels / c.groups : c.out_channels * 4);
  d.packing = ConvPacking(c, d.tile);
  if (c.transposed && c.x.stride * c.y.stride * tiled_pixels(c) > kMostElements / 2)
    return unsupported("strides ", c.y.stride, " and ", c.x.stride, " are too large");
  if (d.packing.elements() > kMostElements - 64)
    return unsupported("packed weights of ", d.packing.elements(), " elements");
  return d;
}

Result<KernelNeeds> match_direct(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Direct d, read_direct(node, device));
  return KernelNeeds(
      conv_option(node, device, d.tile, blocked_layout(device), d.packing.layout(d.conv.dtype)));
}

Result<KernelPtr> create_direct(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Direct d, read_direct(node, device));
  const Convolution& c = d.conv;
  Defines defines;
  if (c.is_pointwise()) defines.set("POINTWISE");
  if (c.transposed) defines.set("TRANSPOSED");
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("conv", d.tile, c.activation, c.dtype, defines,
                               computes_in_half(c.dtype, device)));
  const int64_t phases = c.transposed ? c.x.stride * c.y.stride : 1;
  const int64_t tiles = phases * d.tile.tiles(tiled_pixels(c));
  const TileWork work = tile_work(d.tile, tiles, c.out_channels, c.batch, d.packing.elements() * 4);
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl_device(device), source, "conv", 5, work.work));
  OARLOCK_TRY(launch->scalars(pair(c.x.in, c.y.in), pair(c.x.out, c.y.out),
                              pair(c.x.kernel, c.y.kernel), pair(c.x.stride, c.y.stride),
                              pair(c.x.dilation, c.y.dilation), pair(c.x.pad_begin, c.y.pad_begin),
                              static_cast<cl_int>(d.packing.depth()),
                              static_cast<cl_int>(d.packing.in_blocks()),
                              static_cast<cl_int>(ceil_div(c.out_channels, d.tile.block)),
                              static_cast<cl_int>(d.packing.panels()),
                              pair(d.packing.group_in(), d.packing.group_out()), work.rows_first));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run(std::span<const TensorRef>(conv_tensors(args)));
  });
}

}  // namespace

std::span<const KernelDef> conv_kernels();

std::span<const KernelDef> conv_kernels() {
  static const std::vector<KernelDef> defs = [] {
    std::vector<KernelDef> list = conv_defs("conv_direct", match_direct, create_direct);
    list.push_back(tunable({"ConvTranspose", "conv_transpose", match_direct, create_direct}));
    return list;
  }();
  return defs;
}

}  // namespace oarlock::opencl
