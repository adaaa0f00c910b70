// MaxPool and AveragePool, row-major and in blocked channels.
#include <vector>

#include "backends/opencl/ops/support/window.h"

namespace oarlock::opencl {

namespace {

// Over two spatial axes, or over one, seen as a row.
struct Window {
  WindowAxis x, y;
};

Result<Window> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_floats(node).status());
  if (node.has_output(1)) return unsupported("indices of maxima are wanted");
  const size_t rank = node.input_shape(0).rank();
  if (rank != 3 && rank != 4)
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", rank);
  const std::vector<int64_t>& extents = node.attrs().integers("kernel_shape");
  if (extents.size() != rank - 2) return unsupported("a window of ", extents.size(), " dimensions");
  Window window;
  OARLOCK_ASSIGN(window.x, read_window_axis(node, rank - 3, extents.back()));
  if (rank == 4) {
    OARLOCK_ASSIGN(window.y, read_window_axis(node, 0, extents[0]));
  }
  return window;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_TRY(read_node(node).status());
  std::vector<KernelOption> options =
      plain_and_blocked(node, device, may_be_blocked(node.input_shape(0)), {true});
  // Blocks first: their channels are computed as vectors.
  if (options.size() == 2) std::swap(options[0], options[1]);
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const Window w, read_node(node));
  const int block = chosen.variant ? cl.traits().channel_block : 1;
  const Shape& shape = node.input_shape(0);
  const int64_t blocks = shape[0] * ceil_div(shape[1], block);
  Defines defines;
  defines.set("WIDTH", block);
  if (node.node().op == "MaxPool")
    defines.set("MAXIMUM");
  else if (node.attrs().integer("count_include_pad", 0) != 0)
    defines.set("AVERAGE_ALL");
  OARLOCK_ASSIGN(const ProgramSource source,
                 embedded_program("pool", defines.element("REAL", node.input(0).dtype)));
  const WindowAxis &x = w.x, &y = w.y;
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(cl, source, "pool", 2, Work::grid({x.out, y.out, blocks}, {4, 4, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(blocks), static_cast<cl_int>(y.in),
                              static_cast<cl_int>(x.in), static_cast<cl_int>(y.out),
                              static_cast<cl_int>(x.out), pair(y.kernel, x.kernel),
                              pair(y.stride, x.stride), pair(y.dilation, x.dilation),
                              pair(y.pad_begin, x.pad_begin), pair(y.pad_end, x.pad_end)));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], args.outputs[0]});
  });
}

}  // namespace

std::span<const KernelDef> pool_kernels();

std::span<const KernelDef> pool_kernels() {
  static const KernelDef defs[] = {{"AveragePool", "average_pool_f32", match, create},
                                   {"MaxPool", "max_pool_f32", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
