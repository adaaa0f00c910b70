// Conv of an image with few channels in its row-major layout: first layers.
#include <algorithm>

#include "backends/opencl/ops/support/conv_node.h"

namespace oarlock::opencl {

namespace {

constexpr int64_t kMostChannels = 4;
constexpr int64_t kMostWidth = 32;  // a row of the window is unrolled

struct Planar {
  Convolution conv;
  Tile tile;
  PanelPacking packing;
  int64_t padded_x = 0, padded_y = 0;  // extents of an image with its padding

  bool is_padded() const {
    return conv.x.pad_begin > 0 || conv.y.pad_begin > 0 || padded_x > conv.x.in ||
           padded_y > conv.y.in;
  }
  int64_t padded_rows() const { return conv.batch * conv.in_channels * padded_y; }
};

Result<Planar> read_planar(const NodeView& node, const Device& device) {
  Planar p;
  OARLOCK_ASSIGN(p.conv, read_convolution(node));
  const Convolution& c = p.conv;
  if (c.in_channels > kMostChannels) return unsupported("has more than 4 input channels");
  if (c.groups > 1) return unsupported("has groups");
  if (c.x.kernel > kMostWidth) return unsupported("a window ", c.x.kernel, " wide");
  if (node.input_count() > 3 && node.has_input(3)) return unsupported("adds a residual");
  p.tile = choose_tile(c.out_pixels(), c.out_channels, device);
  const int64_t depth = c.in_channels * c.taps();
  p.packing = {.panels = p.tile.panels(c.out_channels),
               .depth = depth,
               .columns = c.out_channels,
               .width = p.tile.width(),
               .depth_stride = 1,
               .column_stride = depth};
  // What the window reaches, from where the padding begins.
  p.padded_x = std::max(c.x.reach(), c.x.pad_begin + c.x.in);
  p.padded_y = std::max(c.y.reach(), c.y.pad_begin + c.y.in);
  if (!p.is_padded()) {
    p.padded_x = c.x.in;
    p.padded_y = c.y.in;
  }
  if (p.padded_x * p.padded_rows() > kMostElements) return unsupported("the image is too large");
  return p;
}

Result<KernelNeeds> match_planar(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Planar p, read_planar(node, device));
  KernelOption option =
      conv_option(node, device, p.tile, Layout::row_major(), p.packing.layout(p.conv.dtype));
  if (p.is_padded())
    option.workspace = static_cast<size_t>(p.padded_rows() * p.padded_x) * (bits(p.conv.dtype) / 8);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_planar(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Planar p, read_planar(node, device));
  const Convolution& c = p.conv;
  ClDevice& cl = cl_device(device);
  Defines defines;
  defines.set("KX", c.x.kernel);
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("conv_planar", p.tile, c.activation, c.dtype, defines,
                               computes_in_half(c.dtype, device)));
  LaunchPtr pad;
  if (p.is_padded()) {
    OARLOCK_ASSIGN(pad, Launch::make(cl, source, "pad_planes", 2,
                                     Work::grid({p.padded_rows(), 1, 1}, {4, 1, 1})));
    OARLOCK_TRY(pad->scalars(pair(c.x.in, c.y.in), pair(p.padded_x, p.padded_y),
                             pair(c.x.pad_begin, c.y.pad_begin),
                             static_cast<cl_int>(p.padded_rows())));
  }
  const int64_t tiles = p.tile.tiles(c.out_pixels());
  OARLOCK_ASSIGN(const LaunchPtr conv,
                 Launch::make(cl, source, "conv_planar", 4,
                              Work::grid({tiles, p.packing.panels, c.batch}, {4, 1, 1})));
  OARLOCK_TRY(conv->scalars(pair(p.padded_x, p.padded_y), pair(c.x.out, c.y.out),
                            static_cast<cl_int>(c.y.kernel), pair(c.x.stride, c.y.stride),
                            pair(c.x.dilation, c.y.dilation), static_cast<cl_int>(c.in_channels),
                            static_cast<cl_int>(ceil_div(c.out_channels, p.tile.block)),
                            static_cast<cl_int>(p.packing.panels)));
  return make_kernel([pad, conv](const KernelArgs& args) -> Status {
    const auto tensors = conv_tensors(args);
    if (pad) OARLOCK_TRY(pad->run({tensors[0], args.workspace}));
    return conv->run({pad ? args.workspace : tensors[0], tensors[1], tensors[2], tensors[4]});
  });
}

}  // namespace

std::span<const KernelDef> conv_planar_kernels();

std::span<const KernelDef> conv_planar_kernels() {
  static const std::vector<KernelDef> defs = conv_defs("conv_planar", match_planar, create_planar);
  return defs;
}

}  // namespace oarlock::opencl
