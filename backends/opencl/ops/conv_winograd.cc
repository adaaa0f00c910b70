// Conv 3x3 of stride 1 by minimal filtering in blocked channels.
#include <algorithm>
#include <array>

#include "backends/opencl/ops/support/conv_node.h"

namespace oarlock::opencl {

namespace {

// Tiles whose planes are in memory at the same time: what caches hold of them.
constexpr int64_t kPlaneElements = 1 << 21;

struct Winograd {
  Convolution conv;
  Tile tile;  // of the products
  WinogradPacking packing;
  int64_t grid_x = 0, grid_y = 0;  // tiles of an image
  int64_t together = 0;            // tiles at the same time

  int64_t tiles() const { return conv.batch * grid_x * grid_y; }
  int64_t in_blocks() const { return ceil_div(conv.in_channels, tile.block); }
  int64_t out_blocks() const { return ceil_div(conv.out_channels, tile.block); }
  int64_t in_elements() const { return packing.planes() * in_blocks() * tile.block * together; }
  int64_t out_elements() const { return packing.planes() * out_blocks() * tile.block * together; }
};

// Time in multiplications: arithmetic, transforms, and reading weights that no cache holds. m is 0
// for a direct convolution.
double cost(const Convolution& c, int64_t m) {
  constexpr double kWeightsRead = 28;  // multiplications in the time one weight takes to arrive
  constexpr double kCached = 256 * 1024;
  constexpr double kTransform = 20;  // for each element and plane of a transform
  const double products = static_cast<double>(c.in_channels) * static_cast<double>(c.out_channels);
  const double planes = m == 0 ? 9 : static_cast<double>((m + 2) * (m + 2));
  const int64_t tiles =
      c.batch * (m == 0 ? c.out_pixels() : ceil_div(c.x.out, m) * ceil_div(c.y.out, m));
  const auto rows = static_cast<double>(ceil_div(tiles, 6) * 6);
  double sum = planes * rows * products + kWeightsRead * std::max(0.0, planes * products - kCached);
  if (m != 0)
    sum += kTransform * planes * static_cast<double>(tiles) *
           static_cast<double>(c.in_channels + c.out_channels);
  return sum;
}

Result<Winograd> read_winograd(const NodeView& node, const Device& device) {
  Winograd w;
  OARLOCK_ASSIGN(w.conv, read_convolution(node));
  const Convolution& c = w.conv;
  const bool fits = c.x.kernel == 3 && c.y.kernel == 3 && c.x.stride == 1 && c.y.stride == 1 &&
                    c.x.dilation == 1 && c.y.dilation == 1 && c.groups == 1;
  if (!fits) return unsupported("is not 3x3 of stride 1 without groups and dilation");
  double best = cost(c, 0);
  int64_t m = 0;
  for (const int64_t each : {2, 4}) {
    const double sum = cost(c, each);
    if (sum >= best) continue;
    best = sum;
    m = each;
  }
  if (m == 0) return unsupported("a direct convolution is faster for this shape");
  w.grid_x = ceil_div(c.x.out, m);
  w.grid_y = ceil_div(c.y.out, m);
  const int64_t channels = std::max(c.in_channels, c.out_channels);
  const int64_t most = std::max<int64_t>(kPlaneElements / ((m + 2) * (m + 2) * channels), 48);
  w.together = ceil_div(w.tiles(), ceil_div(w.tiles(), most));
  w.tile = choose_tile(w.together, c.out_channels, device);
  w.packing = {m, c.in_channels, c.out_channels, w.tile.width()};
  if (w.packing.elements() > kMostElements || w.in_elements() + w.out_elements() > kMostElements)
    return unsupported("planes of too many elements");
  return w;
}

Result<KernelNeeds> match_winograd(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Winograd w, read_winograd(node, device));
  KernelOption option =
      conv_option(node, device, w.tile, blocked_layout(device), w.packing.layout());
  option.workspace = static_cast<size_t>(w.in_elements() + w.out_elements()) * sizeof(float);
  return KernelNeeds(std::move(option));
}

// The stages for some of the tiles.
struct Stages {
  LaunchPtr input, product, output;
};

Result<Stages> make_stages(const Winograd& w, ClDevice& device, int64_t begin, int64_t count) {
  const Convolution& c = w.conv;
  const auto narrow = [](int64_t value) { return static_cast<cl_int>(value); };
  Defines transforms;
  transforms.set("M", w.packing.m);
  OARLOCK_ASSIGN(const ProgramSource source,
                 tiled_program("winograd", w.tile, c.activation, c.dtype, transforms));
  Stages s;
  OARLOCK_ASSIGN(s.input, Launch::make(device, source, "winograd_input", 2,
                                       Work::grid({count, w.in_blocks(), 1}, {4, 1, 1})));
  OARLOCK_TRY(s.input->scalars(pair(c.x.in, c.y.in), pair(c.x.pad_begin, c.y.pad_begin),
                               pair(w.grid_x, w.grid_y), narrow(w.in_blocks()), narrow(begin),
                               narrow(count)));
  Defines defines;
  defines.set("POINTWISE").set("WEIGHTS_OF_IMAGE");
  Tile tile = w.tile;
  tile.rows = std::min(tile.rows, count);
  OARLOCK_ASSIGN(const ProgramSource product,
                 tiled_program("conv", tile, Activation{}, DType::float32, defines));
  const TileWork work = tile_work(tile, tile.tiles(count), c.out_channels, w.packing.planes(),
                                  w.packing.elements() / w.packing.planes() * 4);
  OARLOCK_ASSIGN(s.product, Launch::make(device, product, "conv", 5, work.work));
  const cl_int2 one = pair(1, 1), line = pair(count, 1);
  OARLOCK_TRY(s.product->scalars(line, line, one, one, one, pair(0, 0), narrow(w.packing.depth()),
                                 narrow(w.in_blocks()), narrow(w.out_blocks()),
                                 narrow(w.packing.panels()), pair(c.in_channels, c.out_channels),
                                 work.rows_first));
  OARLOCK_ASSIGN(s.output, Launch::make(device, source, "winograd_output", 4,
                                        Work::grid({count, w.out_blocks(), 1}, {4, 1, 1})));
  OARLOCK_TRY(s.output->scalars(pair(c.x.out, c.y.out), pair(w.grid_x, w.grid_y),
                                narrow(w.out_blocks()), narrow(begin), narrow(count)));
  return s;
}

Result<KernelPtr> create_winograd(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Winograd w, read_winograd(node, device));
  std::vector<Stages> all;
  for (int64_t begin = 0; begin < w.tiles(); begin += w.together) {
    OARLOCK_ASSIGN(Stages stages, make_stages(w, cl_device(device), begin,
                                              std::min(w.together, w.tiles() - begin)));
    all.push_back(std::move(stages));
  }
  const size_t products_at = static_cast<size_t>(w.in_elements()) * sizeof(float);
  return make_kernel([all = std::move(all), products_at](const KernelArgs& args) -> Status {
    const auto [x, weights, bias, residual, y] = conv_tensors(args);
    TensorRef products = args.workspace;
    products.offset += products_at;
    for (const Stages& s : all) {
      OARLOCK_TRY(s.input->run({x, args.workspace}));
      OARLOCK_TRY(s.product->run({args.workspace, weights, {}, {}, products}));
      OARLOCK_TRY(s.output->run({products, bias, residual, y}));
    }
    return {};
  });
}

}  // namespace

std::span<const KernelDef> conv_winograd_kernels();

std::span<const KernelDef> conv_winograd_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_winograd", match_winograd, create_winograd, true, false);
  return defs;
}

}  // namespace oarlock::opencl
