// Conv of groups of a few channels in NCHW16c.
#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/support/conv_rows.h"
#include "kernels/cpu/grouped_conv.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::GroupedConvArgs;

Result<KernelNeeds> match_grouped(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (!kernels::cpu::grouped_conv_fits(node.shape))
    return unsupported("has no groups of 4 or 8 channels, or strides above 2");
  const size_t workspace =
      kernels::cpu::grouped_conv_workspace(node.shape) * cpu_device(device).threads();
  return KernelNeeds(
      conv_option(view, node, blocked_layout(), grouped_weights_layout(node.shape), workspace));
}

Result<std::vector<KernelOption>> grouped_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const KernelNeeds needs, match_grouped(view, device));
  return needs.options;
}

Result<KernelPtr> create_grouped(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  return KernelPtr(std::make_unique<ConvRowsKernel<GroupedConvArgs>>(
      node, cpu_device(device), kernels::cpu::grouped_conv, node.shape.out_blocks(),
      kernels::cpu::grouped_conv_workspace(node.shape)));
}

}  // namespace

std::span<const KernelDef> conv_grouped_kernels();

std::span<const KernelDef> conv_grouped_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_f32_grouped_nchw16c", match_grouped, create_grouped, grouped_candidates);
  return defs;
}

}  // namespace oarlock::cpu
