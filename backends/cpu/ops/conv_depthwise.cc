// Depthwise Conv in NCHW16c.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;

// Multiplications that a part should have at least.
constexpr int64_t kLeastWork = 50'000;

Result<KernelNeeds> match_depthwise(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (!node.is_depthwise()) return unsupported("is not depthwise");
  const size_t workspace =
      kernels::cpu::depthwise_workspace(node.shape) * cpu_device(device).threads();
  return KernelNeeds(
      conv_option(view, node, blocked_layout(), depthwise_weights_layout(node.shape), workspace));
}

Result<KernelPtr> create_depthwise(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  const CpuDevice& cpu = cpu_device(device);
  const ConvShape& s = node.shape;
  const int64_t rows = kernels::cpu::depthwise_units(s);
  const int64_t row_work = s.out_width * 16 * s.taps();
  const int64_t grain = std::max<int64_t>(kLeastWork / row_work, std::min<int64_t>(8, rows));
  const size_t workspace = kernels::cpu::depthwise_workspace(s);
  return make_kernel([node, &cpu, rows, grain, workspace](const KernelArgs& args) {
    const ConvShape& shape = node.shape;
    const auto* input = args.inputs[0].data<const float>();
    auto* output = args.outputs[0].data<float>();
    const float* residual = optional_input(args, 3);
    const int64_t out_image = shape.out_blocks() * shape.out_pixels() * 16;
    for (int64_t image = 0; image < node.batch; ++image) {
      DepthwiseArgs base;
      base.input = input + image * shape.in_blocks() * shape.in_pixels() * 16;
      base.weights = args.inputs[1].data<const float>();
      base.bias = optional_input(args, 2);
      base.residual = residual ? residual + image * out_image : nullptr;
      base.output = output + image * out_image;
      base.activation = node.activation;
      cpu.parallel(rows, grain, [&](int64_t begin, int64_t end, int slot) {
        DepthwiseArgs one = base;
        one.workspace = args.workspace.data<float>() + slot * workspace;
        kernels::cpu::depthwise(shape, one, {begin, end});
      });
    }
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> conv_depthwise_kernels();

std::span<const KernelDef> conv_depthwise_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_f32_depthwise_nchw16c", match_depthwise, create_depthwise);
  return defs;
}

}  // namespace oarlock::cpu
