// MaxPool and AveragePool, row-major and in blocked channels.
#include "backends/opencl/ops/support/window.h"

namespace oarlock::opencl {

namespace {

Result<Window> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  if (node.has_output(1)) return unsupported("indices of maxima are wanted");
  return read_window(node, node.attrs().integers("kernel_shape"));
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
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("pool", defines));
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(cl, source, "pool", 2, Work::grid({w.out[1], w.out[0], blocks}, {4, 4, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(blocks), static_cast<cl_int>(w.in[0]),
                              static_cast<cl_int>(w.in[1]), static_cast<cl_int>(w.out[0]),
                              static_cast<cl_int>(w.out[1]), pair(w.extent), pair(w.stride),
                              pair(w.dilation), pair(w.before), pair(w.after)));
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
