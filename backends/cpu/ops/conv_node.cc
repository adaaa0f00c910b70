#include "backends/cpu/ops/conv_node.h"

#include <algorithm>

#include "backends/cpu/fused_ops.h"
#include "backends/cpu/ops/packing.h"

namespace oarlock::cpu {

kernels::cpu::Upcoming upcoming_share(const KernelArgs& args, int64_t i, int64_t parts,
                                      int64_t threads) {
  const int64_t together = std::max<int64_t>(parts / threads, 1);
  return {args.upcoming, i % together, together};
}

Result<ConvNode> read_conv(const NodeView& view) {
  ConvNode node;
  OARLOCK_ASSIGN(static_cast<WindowNode&>(node), read_convolution(view));
  OARLOCK_ASSIGN(node.activation, read_activation(view));
  node.scaled = view.node().domain == kCpuDomain;
  return node;
}

KernelOption conv_option(const NodeView& view, const ConvNode& node, Layout input, Layout weights,
                         size_t workspace_floats) {
  KernelOption option;
  option.inputs = {std::move(input), std::move(weights)};
  if (node.scaled) option.inputs.push_back(blocked_layout());
  const size_t bias = node.bias_input(), residual = bias + 1;
  if (view.input_count() > bias)
    option.inputs.push_back(padded_vector_layout(node.shape.out_channels));
  if (view.input_count() > residual) {
    option.inputs.push_back(blocked_layout());
    if (view.has_input(residual))
      option.sharing = {{Sharing::Kind::in_place, 0, static_cast<uint16_t>(residual), 0}};
  }
  option.outputs = {blocked_layout()};
  option.workspace = workspace_floats * sizeof(float);
  return option;
}

const float* optional_input(const KernelArgs& args, size_t i) {
  return i < args.inputs.size() && args.inputs[i] ? args.inputs[i].data<const float>() : nullptr;
}

std::vector<KernelDef> conv_defs(const char* name, decltype(KernelDef::match) match,
                                 decltype(KernelDef::create) create,
                                 decltype(KernelDef::candidates) candidates) {
  return {{"Conv", name, match, create, candidates},
          {"oarlock.Conv", name, match, create, candidates}};
}

Division::Division(int64_t tile_count, int64_t panel_count, bool panels_first, int64_t wanted)
    : tiles(tile_count), panels(panel_count) {
  int64_t& major = panels_first ? panel_parts : tile_parts;
  int64_t& minor = panels_first ? tile_parts : panel_parts;
  const int64_t major_count = panels_first ? panels : tiles;
  const int64_t minor_count = panels_first ? tiles : panels;
  major = std::min(major_count, wanted);
  minor = std::min(minor_count, (wanted + major - 1) / major);
}

Division Division::by_thread(int64_t tile_count, int64_t panel_count, int64_t threads,
                             int64_t wanted) {
  Division division(tile_count, panel_count, false, std::min(tile_count, threads));
  division.panel_parts = std::clamp<int64_t>(wanted / threads, 1, panel_count);
  division.tiles_outside = true;
  return division;
}

}  // namespace oarlock::cpu
