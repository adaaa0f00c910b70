// oarlock.cpu.ExpandedConv: a depthwise convolution that computes the rows it reads.
#include <unistd.h>

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/fused_ops.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;
using kernels::cpu::Expansion;

// Bytes of a core's second-level cache.
int64_t cache_bytes() {
  static const int64_t bytes = [] {
    int64_t size = -1;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    size = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return size > 0 ? size : int64_t{1} << 20;
  }();
  return bytes;
}

struct ExpandedNode {
  int64_t batch = 1;
  ConvShape pointwise, depthwise;
  kernels::cpu::Activation expansion_activation, activation;
};

Result<ExpandedNode> read_expanded(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const Shape& w = view.input_shape(1);
  OARLOCK_ASSIGN(const WindowNode window, read_window(view, w.dims().subspan(2)));
  ExpandedNode node;
  node.batch = window.batch;
  node.depthwise = window.shape;
  node.depthwise.in_channels = node.depthwise.groups = window.shape.out_channels;
  node.pointwise.in_channels = window.shape.in_channels;
  node.pointwise.out_channels = window.shape.out_channels;
  node.pointwise.in_height = node.pointwise.out_height = window.shape.in_height;
  node.pointwise.in_width = node.pointwise.out_width = window.shape.in_width;
  OARLOCK_ASSIGN(node.activation, read_activation(view));
  const auto known = kernel_activation(expansion_activation(view.attrs()));
  if (!known) return unsupported("no kernel fuses the activation between");
  node.expansion_activation = *known;
  return node;
}

Result<KernelNeeds> match_expanded(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ExpandedNode node, read_expanded(view));
  const ConvShape &s = node.depthwise, &p = node.pointwise;
  // Where the value between stays in the cache anyway, whole images divide better than rows.
  const int64_t between = p.out_blocks() * 16 * p.out_pixels() * int64_t{sizeof(float)};
  if (between < cache_bytes() / 2) return unsupported("the value between the two is small");
  KernelOption option;
  option.inputs = {blocked_layout(), depthwise_weights_layout(s), direct_weights_layout(p)};
  while (option.inputs.size() < view.input_count())
    option.inputs.push_back(padded_vector_layout(s.out_channels));
  option.outputs = {blocked_layout()};
  option.workspace =
      kernels::cpu::depthwise_workspace(s, true) * cpu_device(device).threads() * sizeof(float);
  return KernelNeeds(option);
}

Result<KernelPtr> create_expanded(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ExpandedNode node, read_expanded(view));
  const CpuDevice& cpu = cpu_device(device);
  const int64_t units = kernels::cpu::depthwise_units(node.depthwise, true);
  const size_t workspace = kernels::cpu::depthwise_workspace(node.depthwise, true);
  // A part computes the rows above its first one again.
  const int64_t grain = std::min<int64_t>(8 * node.depthwise.kernel_height, units);
  return make_kernel([node, &cpu, units, workspace, grain](const KernelArgs& args) {
    const ConvShape &s = node.depthwise, &p = node.pointwise;
    for (int64_t image = 0; image < node.batch; ++image) {
      Expansion expansion;
      expansion.input =
          args.inputs[0].data<const float>() + image * p.in_blocks() * p.in_pixels() * 16;
      expansion.in_channels = p.in_channels;
      expansion.weights = args.inputs[2].data<const float>();
      expansion.bias = optional_input(args, 4);
      expansion.activation = node.expansion_activation;
      DepthwiseArgs base;
      base.expansion = &expansion;
      base.weights = args.inputs[1].data<const float>();
      base.bias = optional_input(args, 3);
      base.output = args.outputs[0].data<float>() + image * s.out_blocks() * s.out_pixels() * 16;
      base.activation = node.activation;
      cpu.parallel(units, grain, [&](int64_t begin, int64_t end, int slot) {
        DepthwiseArgs one = base;
        one.workspace = args.workspace.data<float>() + slot * workspace;
        kernels::cpu::depthwise(s, one, {begin, end});
      });
    }
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> conv_expanded_kernels();

std::span<const KernelDef> conv_expanded_kernels() {
  static const std::vector<KernelDef> defs = {
      {"oarlock.cpu.ExpandedConv", "conv_f32_expanded_nchw16c", match_expanded, create_expanded}};
  return defs;
}

}  // namespace oarlock::cpu
