// Softmax over one axis.
#include "kernels/fpga/softmax.h"

#include <array>

#include "backends/xrt/ops/support/function.h"
#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

namespace {

Result<Parameters> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
  if (!axis) return unsupported("an axis outside the rank");
  Parameters p(SOFTMAX_WORDS);
  p.set(SOFTMAX_OUTER, extent(shape, 0, *axis));
  p.set(SOFTMAX_LENGTH, shape[*axis]);
  p.set(SOFTMAX_INNER, extent(shape, *axis + 1, shape.rank()));
  return p;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Parameters p, read_node(node));
  OARLOCK_ASSIGN(const Launch::Argument table, table_argument(xrt, exponential()));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(xrt, "softmax", {tensor(0), table, tensor(1)}));
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> softmax_kernels();

std::span<const KernelDef> softmax_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Softmax", "softmax_table", match, create}}};
  return list;
}

}  // namespace oarlock::xrt
