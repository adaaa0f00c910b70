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

// The kernel under another name where it computes with float16.
KernelDef in_half(const KernelDef& def) {
  KernelDef half = def;
  half.name += "_fp16";
  half.match = [match = def.match](const NodeView& node,
                                   const Device& device) -> Result<KernelNeeds> {
    if (!computes_in_half(node.input(0).dtype, device))
      return unsupported("float16 is not computed with");
    return match(node, device);
  };
  return half;
}

std::vector<KernelDef> conv_defs(const char* name, decltype(KernelDef::match) match,
                                 decltype(KernelDef::create) create, bool chooses_tile,
                                 bool in_half_too) {
  std::vector<KernelDef> defs = {{"Conv", name, match, create},
                                 {"oarlock.Conv", name, match, create}};
  if (chooses_tile)
    for (KernelDef& def : defs) def = tunable(std::move(def));
  if (in_half_too)
    defs.insert(defs.begin(), {in_half({"Conv", name, match, create}),
                               in_half({"oarlock.Conv", name, match, create})});
  return defs;
}

}  // namespace oarlock::opencl
