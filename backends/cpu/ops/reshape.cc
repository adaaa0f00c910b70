// Operators that only give the same elements another shape.
#include <cstring>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

Result<KernelNeeds> match_reshape(const NodeView& node, const Device&) {
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete() ||
      element_bytes(node.input(0).dtype) == 0)
    return unsupported("elements of type ", node.input(0).dtype);
  std::vector<KernelOption> options(1);
  options[0].inputs.assign(node.input_count(), Layout::row_major());
  options[0].outputs.assign(node.output_count(), Layout::row_major());
  options[0].sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
  options[0].only_moves = true;
  // [N, C, 1, 1] in whole blocks of channels is in order already.
  const Shape& from = node.input_shape(0);
  const Shape& to = node.output_shape(0);
  const bool single =
      from.rank() >= 3 && extent(from, 2, from.rank()) == 1 && has_whole_blocks(from);
  if (single && node.input(0).dtype == DType::float32) {
    options.push_back(options[0]);
    options[1].inputs[0] = blocked_layout();
  }
  const bool becomes_single =
      to.rank() >= 3 && extent(to, 2, to.rank()) == 1 && has_whole_blocks(to);
  if (becomes_single && node.input(0).dtype == DType::float32) {
    options.push_back(options[0]);
    options.back().outputs[0] = blocked_layout();
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_reshape(const NodeView& node, const KernelOption&, Device&) {
  const size_t bytes =
      static_cast<size_t>(element_count(node.input(0))) * element_bytes(node.input(0).dtype);
  return make_kernel([bytes](const KernelArgs& args) -> Status {
    if (bytes > 0 && args.outputs[0].data() != args.inputs[0].data())
      std::memmove(args.outputs[0].data(), args.inputs[0].data(), bytes);
    return {};
  });
}

}  // namespace

std::span<const KernelDef> reshape_kernels();

std::span<const KernelDef> reshape_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
      defs.push_back({op, "reshape", match_reshape, create_reshape});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
