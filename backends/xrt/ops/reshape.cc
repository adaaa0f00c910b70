// Operators that only give the same elements another shape.
#include <vector>

#include "backends/xrt/ops/support/strided_move.h"

namespace oarlock::xrt {

namespace {

Result<Parameters> read_node(const NodeView& node) {
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete())
    return unsupported("a type that is not concrete");
  const int64_t count = element_count(node.input_shape(0));
  if (count < 1 || count > kMostElements) return unsupported(count, " elements");
  return move_parameters({{{count, 0, count, 1, 1}}, 0, 0}, node.input(0).dtype);
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  KernelOption option;
  option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
  option.only_moves = true;
  return KernelNeeds(option);
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Parameters p, read_node(node));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(const LaunchPtr launch, launch_move(xrt_device(device), 0, y, p));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    const TensorRef &from = args.inputs[0], &to = args.outputs[0];
    if (from.buffer == to.buffer && from.offset == to.offset) return {};
    return launch->run(args);
  });
}

}  // namespace

std::span<const KernelDef> reshape_kernels();

std::span<const KernelDef> reshape_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
      defs.push_back({op, "reshape", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::xrt
