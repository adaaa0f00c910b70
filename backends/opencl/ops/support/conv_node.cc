#include "backends/opencl/ops/support/conv_node.h"

#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl {

KernelOption conv_option(const NodeView& node, const Device& device, const Tile& tile, Layout input,
                         Layout weights) {
  KernelOption option;
  option.inputs = {std::move(input), std::move(weights)};
  if (node.input_count() > 2) {
    const int64_t channels = node.output_shape(0)[1];
    option.inputs.push_back(
        padded_vector(node.input(1).dtype, channels, tile.panels(channels) * tile.width()));
  }
  if (node.input_count() > 3) {
    option.inputs.push_back(blocked_layout(device));
    if (node.has_input(3)) option.sharing = {{Sharing::Kind::in_place, 0, 3, 0}};
  }
  option.outputs = {blocked_layout(device)};
  return option;
}

std::array<TensorRef, 5> conv_tensors(const KernelArgs& args) {
  const auto input = [&](size_t i) {
    return i < args.inputs.size() ? args.inputs[i] : TensorRef();
  };
  return {input(0), input(1), input(2), input(3), args.outputs[0]};
}

std::vector<KernelDef> conv_defs(const char* name, decltype(KernelDef::match) match,
                                 decltype(KernelDef::create) create, bool chooses_tile) {
  std::vector<KernelDef> defs = {{"Conv", name, match, create},
                                 {"oarlock.Conv", name, match, create}};
  if (chooses_tile)
    for (KernelDef& def : defs) def = tunable(std::move(def));
  return defs;
}

}  // namespace oarlock::opencl
