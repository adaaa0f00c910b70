// Softmax and LogSoftmax over one axis.
#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

Result<size_t> axis_of(const NodeView& node) {
  OARLOCK_TRY(expect_floats(node).status());
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), node.input_shape(0).rank());
  if (!axis) return unsupported("an axis outside the rank");
  return *axis;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(axis_of(node).status());
  KernelOption option;
  option.sharing.push_back({Sharing::Kind::in_place, 0, 0, 0});
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const size_t axis, axis_of(node));
  const Shape& shape = node.input_shape(0);
  const int64_t length = shape[axis], inner = extent(shape, axis + 1, shape.rank());
  const int64_t rows = extent(shape, 0, axis) * inner;
  Defines defines;
  defines.set("WIDTH", cl.traits().channel_block).element("REAL", node.input(0).dtype);
  if (inner == 1) defines.set("ALONG");
  if (node.node().op == "LogSoftmax") defines.set("LOGARITHM");
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("softmax", defines));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, "softmax", 2, Work::grid({rows, 1, 1}, {4, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(rows), static_cast<cl_int>(length),
                              static_cast<cl_int>(inner)));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> softmax_kernels();

std::span<const KernelDef> softmax_kernels() {
  static const KernelDef defs[] = {{"LogSoftmax", "log_softmax_f32", match, create},
                                   {"Softmax", "softmax_f32", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
