// Depthwise Conv in NCHW16c.
#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/support/conv_rows.h"
#include "backends/cpu/ops/support/fourier_blocking.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;

Result<KernelNeeds> match_depthwise(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (!node.is_depthwise()) return unsupported("is not depthwise");
  const size_t workspace =
      kernels::cpu::depthwise_workspace(node.shape) * cpu_device(device).threads();
  return KernelNeeds(
      conv_option(view, node, blocked_layout(), depthwise_weights_layout(node.shape), workspace));
}

// Where there is another kind of kernel to compare with.
Result<std::vector<KernelOption>> depthwise_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (cpu_device(device).exact() || !fourier_depthwise_blocking(node.shape, kFourierTried))
    return unsupported("is the only kernel for this shape");
  OARLOCK_ASSIGN(const KernelNeeds needs, match_depthwise(view, device));
  return needs.options;
}

Result<KernelPtr> create_depthwise(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  const ConvShape& s = node.shape;
  return KernelPtr(std::make_unique<ConvRowsKernel<DepthwiseArgs>>(
      node, cpu_device(device), kernels::cpu::depthwise, kernels::cpu::depthwise_groups(s),
      kernels::cpu::depthwise_workspace(s)));
}

}  // namespace

std::span<const KernelDef> conv_depthwise_kernels();

std::span<const KernelDef> conv_depthwise_kernels() {
  static const std::vector<KernelDef> defs = conv_defs(
      "conv_f32_depthwise_nchw16c", match_depthwise, create_depthwise, depthwise_candidates);
  return defs;
}

}  // namespace oarlock::cpu
