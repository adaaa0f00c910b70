// Depthwise Conv in NCHW16c.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/support/fourier_blocking.h"
#include "kernels/cpu/depthwise.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DepthwiseArgs;

// Multiplications that a part should have at least.
constexpr int64_t kLeastWork = 50'000;

// The convolutions around one of more pixels mostly divide these between threads, others their
// channels; what a thread has made it best reads itself.
constexpr int64_t kFewPixels = 100;

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

Division divide(const ConvNode& node, int threads) {
  const int64_t rows = node.shape.out_height, groups = kernels::cpu::depthwise_groups(node.shape);
  const int64_t wanted =
      std::min<int64_t>(1 + node.multiplications() / kLeastWork, int64_t{8} * threads);
  if (wanted <= threads || node.shape.out_pixels() < kFewPixels)
    return {rows, groups, true, wanted};
  return Division::by_thread(rows, groups, threads, wanted);
}

class DepthwiseKernel final : public Kernel {
 public:
  DepthwiseKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        division_(divide(node, device.threads())),
        workspace_(kernels::cpu::depthwise_workspace(node.shape)) {}

  Status run(const KernelArgs& args) override {
    const ConvShape& s = node_.shape;
    const auto base = conv_operands<DepthwiseArgs>(args, node_);
    float* const workspace = args.workspace ? args.workspace.data<float>() : nullptr;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        const int64_t out = image * s.out_blocks() * s.out_pixels() * 16;
        DepthwiseArgs one = base;
        one.input += image * s.in_blocks() * s.in_pixels() * 16;
        one.output += out;
        if (one.residual) one.residual += out;
        if (workspace) one.workspace = workspace + slot * workspace_;
        kernels::cpu::depthwise(s, one, division_.panel_range(part), division_.tile_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  Division division_;  // rows are the tiles, channel blocks the panels
  size_t workspace_;
};

Result<KernelPtr> create_depthwise(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  return KernelPtr(std::make_unique<DepthwiseKernel>(node, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> conv_depthwise_kernels();

std::span<const KernelDef> conv_depthwise_kernels() {
  static const std::vector<KernelDef> defs = conv_defs(
      "conv_f32_depthwise_nchw16c", match_depthwise, create_depthwise, depthwise_candidates);
  return defs;
}

}  // namespace oarlock::cpu
