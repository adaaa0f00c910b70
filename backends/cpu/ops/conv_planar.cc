// Conv of an image with few channels in its row-major layout: first layers.
#include "kernels/cpu/conv_planar.h"

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::PlanarConv;

Result<KernelNeeds> match_planar(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (node.shape.in_channels > 4) return unsupported("has more than 4 input channels");
  if (node.shape.groups > 1) return unsupported("has groups");
  if (view.has_input(3)) return unsupported("adds a residual");
  const ConvShape& s = node.shape;
  if (s.taps() * s.in_width * s.in_channels > (1 << 24)) return unsupported("kernel is too large");
  const PlanarConv conv(s);
  return KernelNeeds(conv_option(view, node, Layout::row_major(), planar_weights_layout(s),
                                 conv.workspace() * cpu_device(device).threads()));
}

Result<std::vector<KernelOption>> planar_candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const KernelNeeds needs, match_planar(view, device));
  return needs.options;
}

// By strips; each thread copies the few of a small output, and reads weights of its own.
Division divide(const ConvNode& node, const PlanarConv& conv, int threads) {
  const int64_t wanted = node.wanted_parts(threads);
  if (conv.strip_count() >= 2 * threads)
    return {conv.strip_count(), conv.panel_count(), false, wanted};
  return {conv.strip_count(), conv.panel_count(), true, std::min<int64_t>(wanted, threads)};
}

class PlanarKernel final : public Kernel {
 public:
  PlanarKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        conv_(node.shape),
        division_(divide(node, conv_, device.threads())) {}

  Status run(const KernelArgs& args) override {
    PlanarConv::Args base;
    base.input = args.inputs[0].data<const float>();
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, 2);
    base.output = args.outputs[0].data<float>();
    base.activation = node_.activation;
    float* const workspace = args.workspace.data<float>();
    const ConvShape& s = node_.shape;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        PlanarConv::Args one = base;
        one.input += image * s.in_channels * s.in_pixels();
        one.output += image * s.out_blocks() * s.out_pixels() * 16;
        one.workspace = workspace + slot * conv_.workspace();
        conv_.run(one, division_.tile_range(part), division_.panel_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  PlanarConv conv_;
  Division division_;
};

Result<KernelPtr> create_planar(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  return KernelPtr(std::make_unique<PlanarKernel>(node, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> conv_planar_kernels();

std::span<const KernelDef> conv_planar_kernels() {
  static const std::vector<KernelDef> defs =
      conv_defs("conv_f32_planar_nchw16c", match_planar, create_planar, planar_candidates);
  return defs;
}

}  // namespace oarlock::cpu
