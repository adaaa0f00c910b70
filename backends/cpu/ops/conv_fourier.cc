// Conv of large kernels as products of spectra: depthwise and of one group in NCHW16c, signals in
// row-major.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "backends/cpu/ops/support/fourier_blocking.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::FourierConv;
using kernels::cpu::FourierDepthwise;
using kernels::cpu::FourierSignal;

constexpr const char* kDirectIsFaster = "a direct convolution is faster for this shape";

Result<FourierConv> dense_of(const ConvNode& node, const Device& device, double most) {
  if (node.shape.groups != 1) return unsupported("has groups");
  if (cpu_device(device).exact()) return unsupported("the session asks for exact sums");
  const auto blocking = fourier_conv_blocking(node.shape, most);
  if (!blocking) return unsupported(kDirectIsFaster);
  return FourierConv(node.shape, *blocking);
}

Result<KernelOption> dense_option(const NodeView& view, const Device& device, double most) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(const FourierConv conv, dense_of(node, device, most));
  return conv_option(view, node, blocked_layout(),
                     fourier_conv_weights_layout(node.shape, conv.blocking()),
                     conv.workspace() + conv.scratch() * cpu_device(device).threads());
}

class FourierConvKernel final : public Kernel {
 public:
  FourierConvKernel(const ConvNode& node, const CpuDevice& device, FourierConv conv)
      : node_(node), device_(device), conv_(std::move(conv)), scratch_(conv_.scratch()) {}

  Status run(const KernelArgs& args) override {
    const ConvShape& s = node_.shape;
    auto one = conv_operands<FourierConv::Args>(args, node_);
    one.workspace = args.workspace.data<float>();
    float* const scratch = one.workspace + conv_.workspace();
    for (int64_t image = 0; image < node_.batch; ++image) {
      for (int64_t strip = 0; strip < conv_.strips(); ++strip) {
        const auto stage = [&](int64_t units, auto step) {
          device_.parallel(units, 1, [&](int64_t begin, int64_t end, int slot) {
            for (int64_t unit = begin; unit < end; ++unit)
              (conv_.*step)(one, strip, unit, scratch + slot * scratch_);
          });
        };
        stage(conv_.forward_units(), &FourierConv::forward);
        stage(conv_.multiply_units(), &FourierConv::multiply);
        stage(conv_.backward_units(), &FourierConv::backward);
      }
      const int64_t out = s.out_blocks() * s.out_pixels() * 16;
      one.input += s.in_blocks() * s.in_pixels() * 16;
      one.output += out;
      if (one.residual) one.residual += out;
    }
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  FourierConv conv_;
  size_t scratch_;
};

Result<KernelPtr> create_dense(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(FourierConv conv, dense_of(node, device, kFourierTried));
  return KernelPtr(std::make_unique<FourierConvKernel>(node, cpu_device(device), std::move(conv)));
}

Result<FourierDepthwise> depthwise_of(const ConvNode& node, const Device& device, double most) {
  const ConvShape& s = node.shape;
  if (!node.is_depthwise()) return unsupported("is not depthwise");
  if (cpu_device(device).exact()) return unsupported("the session asks for exact sums");
  const auto blocking = fourier_depthwise_blocking(s, most);
  if (!blocking) return unsupported(kDirectIsFaster);
  return FourierDepthwise(s, *blocking);
}

Result<KernelOption> depthwise_option(const NodeView& view, const Device& device, double most) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(const FourierDepthwise conv, depthwise_of(node, device, most));
  return conv_option(view, node, blocked_layout(),
                     fourier_depthwise_weights_layout(node.shape, conv.blocking()),
                     conv.workspace() * cpu_device(device).threads());
}

class FourierDepthwiseKernel final : public Kernel {
 public:
  FourierDepthwiseKernel(const ConvNode& node, const CpuDevice& device, FourierDepthwise conv)
      : node_(node), device_(device), conv_(std::move(conv)), workspace_(conv_.workspace()) {}

  Status run(const KernelArgs& args) override {
    const ConvShape& s = node_.shape;
    const auto base = conv_operands<FourierDepthwise::Args>(args, node_);
    auto* const workspace = args.workspace.data<float>();
    const int64_t parts = conv_.parts(), units = s.out_blocks() * parts;
    device_.parallel(node_.batch * units, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / units, block = i % units / parts;
        const int64_t out = image * s.out_blocks() * s.out_pixels() * 16;
        FourierDepthwise::Args one = base;
        one.input += image * s.in_blocks() * s.in_pixels() * 16;
        one.output += out;
        if (one.residual) one.residual += out;
        one.workspace = workspace + slot * workspace_;
        conv_.run(one, block, i % parts);
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  FourierDepthwise conv_;
  size_t workspace_;
};

Result<KernelPtr> create_depthwise(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(FourierDepthwise conv, depthwise_of(node, device, kFourierTried));
  return KernelPtr(
      std::make_unique<FourierDepthwiseKernel>(node, cpu_device(device), std::move(conv)));
}

Result<FourierSignal> signal_of(const ConvNode& node, const Device& device, double most) {
  const ConvShape& s = node.shape;
  if (!FourierSignal::fits(s)) return unsupported("is not a signal's of stride and dilation 1");
  if (cpu_device(device).exact()) return unsupported("the session asks for exact sums");
  const auto blocking = fourier_signal_blocking(s, most);
  if (!blocking) return unsupported(kDirectIsFaster);
  return FourierSignal(s, *blocking);
}

Result<KernelOption> signal_option(const NodeView& view, const Device& device, double most) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(const FourierSignal conv, signal_of(node, device, most));
  KernelOption option;
  option.inputs.assign(view.input_count(), Layout::row_major());
  option.inputs[1] = fourier_signal_weights_layout(node.shape, conv.blocking());
  option.outputs = {Layout::row_major()};
  option.workspace = conv.workspace() * cpu_device(device).threads() * sizeof(float);
  return option;
}

class FourierSignalKernel final : public Kernel {
 public:
  FourierSignalKernel(const ConvNode& node, const CpuDevice& device, FourierSignal conv)
      : node_(node), device_(device), conv_(std::move(conv)), workspace_(conv_.workspace()) {}

  Status run(const KernelArgs& args) override {
    const ConvShape& s = node_.shape;
    const auto base = conv_operands<FourierSignal::Args>(args, node_);
    auto* const workspace = args.workspace.data<float>();
    const int64_t chunks = conv_.chunks(), units = s.groups * chunks;
    device_.parallel(node_.batch * units, 1, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / units, out = image * s.out_channels * s.out_width;
        FourierSignal::Args one = base;
        one.input += image * s.in_channels * s.in_width;
        one.output += out;
        if (one.residual) one.residual += out;
        one.workspace = workspace + slot * workspace_;
        conv_.run(one, i % units / chunks, i % chunks);
      }
    });
    return {};
  }

 private:
  ConvNode node_;
  const CpuDevice& device_;
  FourierSignal conv_;
  size_t workspace_;
};

Result<KernelPtr> create_signal(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const ConvNode node, read_conv(view));
  OARLOCK_ASSIGN(FourierSignal conv, signal_of(node, device, kFourierTried));
  return KernelPtr(
      std::make_unique<FourierSignalKernel>(node, cpu_device(device), std::move(conv)));
}

// All kinds: what match and candidates make of an option.
using OptionFunction = Result<KernelOption> (*)(const NodeView&, const Device&, double most);
template <OptionFunction kOption>
Result<KernelNeeds> match(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(KernelOption option, kOption(view, device, kFourierTaken));
  return KernelNeeds(std::move(option));
}
template <OptionFunction kOption>
Result<std::vector<KernelOption>> candidates(const NodeView& view, const Device& device) {
  OARLOCK_ASSIGN(KernelOption option, kOption(view, device, kFourierTried));
  return std::vector<KernelOption>{std::move(option)};
}

}  // namespace

std::span<const KernelDef> conv_fourier_kernels();

std::span<const KernelDef> conv_fourier_kernels() {
  static const std::vector<KernelDef> defs = [] {
    std::vector<KernelDef> list;
    const auto add = [&](const char* name, auto match, auto create, auto candidates) {
      for (KernelDef& def : conv_defs(name, match, create, candidates))
        list.push_back(std::move(def));
    };
    add("conv_f32_fourier_signal", match<signal_option>, create_signal, candidates<signal_option>);
    add("conv_f32_fourier_depthwise_nchw16c", match<depthwise_option>, create_depthwise,
        candidates<depthwise_option>);
    add("conv_f32_fourier_nchw16c", match<dense_option>, create_dense, candidates<dense_option>);
    return list;
  }();
  return defs;
}

}  // namespace oarlock::cpu
