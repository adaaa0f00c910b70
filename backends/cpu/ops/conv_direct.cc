// Conv of any kind, directly in NCHW16c; pointwise also with scaled channels of the input.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/conv.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DirectConv;

Result<KernelNeeds> match_direct(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  if (node.scaled && cpu_device(device).exact())
    return unsupported("the session asks for exact sums");
  // Offsets of every pixel and tap are tabulated.
  if (node.shape.out_pixels() * node.shape.taps() > (1 << 24)) {
    return unsupported("kernel and output together are too large");
  }
  return KernelNeeds(
      conv_option(view, node, blocked_layout(), direct_weights_layout(node.shape), 0));
}

class DirectKernel final : public Kernel {
 public:
  DirectKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        conv_(node.shape),
        division_(conv_.tile_count(), conv_.panel_count(), conv_.packed_size() > 128 * 1024,
                  node.wanted_parts(device.threads())) {}

  Status run(const KernelArgs& args) override {
    DirectConv::Args base;
    base.input = args.inputs[0].data<const float>();
    base.weights = args.inputs[1].data<const float>();
    if (node_.scaled) base.scale = optional_input(args, 2);
    base.bias = optional_input(args, node_.bias_input());
    base.residual = optional_input(args, node_.bias_input() + 1);
    base.output = args.outputs[0].data<float>();
    base.activation = node_.activation;
    const ConvShape& s = node_.shape;
    const int64_t in_image = s.in_blocks() * s.in_pixels() * 16;
    const int64_t out_image = s.out_blocks() * s.out_pixels() * 16;
    const int64_t parts = division_.parts();
    device_.parallel(node_.batch * parts, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / parts, part = i % parts;
        DirectConv::Args one = base;
        one.input += image * in_image;
        one.output += image * out_image;
        if (one.residual) one.residual += image * out_image;
        if (one.scale) one.scale += image * s.in_blocks() * 16;
        conv_.run(one, division_.tile_range(part), division_.panel_range(part));
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  DirectConv conv_;
  Division division_;
};

Result<KernelPtr> create_direct(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  return KernelPtr(std::make_unique<DirectKernel>(node, cpu_device(device)));
}

}  // namespace

std::span<const KernelDef> conv_direct_kernels();

std::span<const KernelDef> conv_direct_kernels() {
  static const std::vector<KernelDef> defs = [] {
    constexpr const char* kName = "conv_f32_direct_nchw16c";
    std::vector<KernelDef> list = conv_defs(kName, match_direct, create_direct);
    list.push_back({"oarlock.cpu.ScaledConv", kName, match_direct, create_direct});
    return list;
  }();
  return defs;
}

}  // namespace oarlock::cpu
