// oarlock.cpu.ExpandedConv: a depthwise convolution that computes the rows it reads.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/fused_ops.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/support/cache.h"
#include "backends/cpu/ops/support/fourier_blocking.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;
using kernels::cpu::Expansion;

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

KernelOption option_of(const NodeView& view, const ExpandedNode& node, const Device& device) {
  const ConvShape &s = node.depthwise, &p = node.pointwise;
  KernelOption option;
  option.inputs = {blocked_layout(), depthwise_weights_layout(s), direct_weights_layout(p)};
  while (option.inputs.size() < view.input_count())
    option.inputs.push_back(padded_vector_layout(s.out_channels));
  option.outputs = {blocked_layout()};
  option.reads_ahead = true;
  option.workspace =
      kernels::cpu::depthwise_workspace(s, true) * cpu_device(device).threads() * sizeof(float);
  return option;
}

Result<KernelNeeds> match_expanded(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ExpandedNode node, read_expanded(view));
  // Where the value between stays in the cache anyway, whole images divide better than rows; half a
  // megabyte also comes back fast from a third level.
  const ConvShape& p = node.pointwise;
  const int64_t between = p.out_blocks() * 16 * p.out_pixels() * int64_t{sizeof(float)};
  constexpr int64_t kAtHand = 512 * 1024;
  if (between < std::max(cache_bytes() / 2, kAtHand))
    return unsupported("the value between the two is small");
  if (!cpu_device(device).exact() && fourier_depthwise_blocking(node.depthwise))
    return unsupported("products of spectra are faster than the depthwise convolution's sums");
  return KernelNeeds(option_of(view, node, device));
}

Result<std::vector<KernelOption>> expanded_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ExpandedNode node, read_expanded(view));
  return std::vector<KernelOption>{option_of(view, node, device)};
}

class ExpandedKernel final : public Kernel {
 public:
  ExpandedKernel(const ExpandedNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        division_(Division::by_thread(node.depthwise.out_height,
                                      kernels::cpu::depthwise_groups(node.depthwise, true),
                                      device.threads(), int64_t{4} * device.threads())),
        workspace_(kernels::cpu::depthwise_workspace(node.depthwise, true)) {}

  Status run(const KernelArgs& args) override {
    const ConvShape &s = node_.depthwise, &p = node_.pointwise;
    Expansion all;
    all.input = args.inputs[0].data<const float>();
    all.in_channels = p.in_channels;
    all.weights = args.inputs[2].data<const float>();
    all.bias = optional_input(args, 4);
    all.activation = node_.expansion_activation;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        Expansion expansion = all;
        expansion.input += image * p.in_blocks() * p.in_pixels() * 16;
        expansion.upcoming = upcoming_share(args, part, parts, device_.threads());
        DepthwiseArgs one;
        one.expansion = &expansion;
        one.weights = args.inputs[1].data<const float>();
        one.bias = optional_input(args, 3);
        one.output = args.outputs[0].data<float>() + image * s.out_blocks() * s.out_pixels() * 16;
        one.activation = node_.activation;
        one.workspace = args.workspace.data<float>() + slot * workspace_;
        kernels::cpu::depthwise(s, one, division_.panel_range(part), division_.tile_range(part));
      }
    });
    return {};
  }

 private:
  ExpandedNode node_;
  const CpuDevice& device_;
  // Rows are the tiles; every part computes rows above its first one again. Channel blocks are the
  // panels.
  Division division_;
  size_t workspace_;
};

Result<KernelPtr> create_expanded(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ExpandedNode node, read_expanded(view));
  return KernelPtr(std::make_unique<ExpandedKernel>(node, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> conv_expanded_kernels();

std::span<const KernelDef> conv_expanded_kernels() {
  static const std::vector<KernelDef> defs = {{"oarlock.cpu.ExpandedConv",
                                               "conv_f32_expanded_nchw16c", match_expanded,
                                               create_expanded, expanded_candidates}};
  return defs;
}

}  // namespace oarlock::cpu
