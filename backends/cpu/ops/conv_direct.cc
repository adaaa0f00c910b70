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
  KernelOption option =
      conv_option(view, node, blocked_layout(), direct_weights_layout(node.shape), 0);
  // Few pixels leave no time to bring anything else.
  option.reads_ahead = node.shape.out_pixels() >= 32;
  return KernelNeeds(std::move(option));
}

// How threads share the work. With weights that stay in the cache they divide the pixels. Of larger
// ones each reads its own, but all of the input, or all, but of the input only what it has made
// itself: values move between cores, which takes longer than weights that are fetched ahead.
Division divide(const ConvNode& node, const DirectConv& conv, int threads) {
  constexpr int64_t kCached = 128 * 1024;
  const ConvShape& s = node.shape;
  const auto weights = static_cast<int64_t>(conv.packed_size());
  const int64_t values = s.in_channels * s.in_pixels() + s.out_channels * s.out_pixels();
  if (weights > kCached && weights <= 2 * values)
    return Division::by_thread(conv.tile_count(), conv.panel_count(), threads);
  return {conv.tile_count(), conv.panel_count(), weights > kCached, node.wanted_parts(threads)};
}

class DirectKernel final : public Kernel {
 public:
  DirectKernel(const ConvNode& node, const CpuDevice& device)
      : node_(node),
        device_(device),
        conv_(node.shape),
        division_(divide(node, conv_, device.threads())) {}

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
        if (image + 1 == node_.batch)
          one.upcoming = upcoming_share(args, part, parts, device_.threads());
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
