#include "backends/cpu/ops/window.h"

#include <algorithm>
#include <limits>

#include "backends/cpu/fused_ops.h"

namespace oarlock::cpu {

namespace {

using KernelActivation = kernels::cpu::Activation;

struct Axis {
  int64_t in, out, kernel, stride, dilation, pad_begin, pad_end;
};

// Spatial axis i of `rank`; pads follow from auto_pad where that is set.
Axis read_axis(const NodeView& view, size_t i, size_t rank, int64_t kernel) {
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = view.attrs().integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  Axis axis;
  axis.in = view.input_shape(0)[i + 2];
  axis.out = view.output_shape(0)[i + 2];
  axis.kernel = kernel;
  axis.stride = entry("strides", i, 1);
  axis.dilation = entry("dilations", i, 1);
  axis.pad_begin = entry("pads", i, 0);
  axis.pad_end = entry("pads", rank + i, 0);
  const std::string& automatic = view.attrs().string("auto_pad");
  if (automatic == "VALID") axis.pad_begin = axis.pad_end = 0;
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    const int64_t reach = (axis.out - 1) * axis.stride + (kernel - 1) * axis.dilation + 1;
    const int64_t total = std::max<int64_t>(reach - axis.in, 0);
    axis.pad_begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    axis.pad_end = total - axis.pad_begin;
  }
  return axis;
}

bool sane(const Axis& a) {
  // Offsets within a channel block are 32-bit numbers; what does not fit is left to others.
  constexpr int64_t kMost = 1 << 24;
  for (const int64_t v : {a.in, a.out, a.kernel, a.stride, a.dilation}) {
    if (v < 1 || v > kMost) return false;
  }
  return a.pad_begin >= 0 && a.pad_end >= 0 && a.pad_begin <= kMost && a.pad_end <= kMost &&
         a.kernel * a.dilation <= kMost;
}

}  // namespace

Result<WindowNode> read_window(const NodeView& view, std::span<const int64_t> kernel) {
  const Shape& in = view.input_shape(0);
  const Shape& out = view.output_shape(0);
  if (in.rank() != 3 && in.rank() != 4) {
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", in.rank());
  }
  const size_t spatial = in.rank() - 2;
  if (kernel.size() != spatial || out.rank() != in.rank()) {
    return unsupported("kernel and input have different numbers of dimensions");
  }
  if (in[0] < 1 || in[1] < 1 || out[1] < 1) return unsupported("the input or output is empty");
  WindowNode node;
  node.batch = in[0];
  node.shape.in_channels = in[1];
  node.shape.out_channels = out[1];
  const Axis wide = read_axis(view, spatial - 1, spatial, kernel[spatial - 1]);
  Axis high = {1, 1, 1, 1, 1, 0, 0};
  if (spatial == 2) high = read_axis(view, 0, spatial, kernel[0]);
  if (!sane(wide) || !sane(high) || high.in * wide.in > (1 << 26) ||
      high.out * wide.out > (1 << 26)) {
    return unsupported("an extent, stride, dilation or pad is out of the kernels' range");
  }
  kernels::cpu::ConvShape& s = node.shape;
  s.in_height = high.in;
  s.in_width = wide.in;
  s.out_height = high.out;
  s.out_width = wide.out;
  s.kernel_height = high.kernel;
  s.kernel_width = wide.kernel;
  s.stride_height = high.stride;
  s.stride_width = wide.stride;
  s.dilation_height = high.dilation;
  s.dilation_width = wide.dilation;
  s.pad_top = high.pad_begin;
  s.pad_left = wide.pad_begin;
  node.end_padding = {high.pad_end, wide.pad_end};
  return node;
}

Status expect_float32(const NodeView& view) {
  const auto check = [](const TypeInfo& type) {
    return type.is_concrete() && type.dtype == DType::float32;
  };
  for (size_t i = 0; i < view.input_count(); ++i) {
    if (view.has_input(i) && !check(view.input(i))) {
      return unsupported("input ", i, " is ", to_string(view.input(i)), ", not a float32 tensor");
    }
  }
  for (size_t i = 0; i < view.output_count(); ++i) {
    if (view.has_output(i) && !check(view.output(i))) {
      return unsupported("output ", i, " is ", to_string(view.output(i)), ", not a float32 tensor");
    }
  }
  return {};
}

Result<WindowNode> read_convolution(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const Shape& weights = view.input_shape(1);
  if (weights.rank() < 3) return unsupported("needs weights of 3 or 4 dimensions");
  OARLOCK_ASSIGN(WindowNode node, read_window(view, weights.dims().subspan(2)));
  node.shape.groups = view.attrs().integer("group", 1);
  const kernels::cpu::ConvShape& s = node.shape;
  if (s.groups < 1 || s.in_channels % s.groups != 0 || s.out_channels % s.groups != 0 ||
      weights[0] != s.out_channels || weights[1] * s.groups != s.in_channels) {
    return unsupported("the weights' shape ", to_string(weights), " does not fit ", s.in_channels,
                       " input channels in ", s.groups, " groups");
  }
  return node;
}

Result<WindowNode> read_pooling(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  return read_window(view, view.attrs().integers("kernel_shape"));
}

std::optional<KernelActivation> kernel_activation(const Activation& a) {
  using From = Activation::Kind;
  using To = KernelActivation::Kind;
  switch (a.kind) {
    case From::none:
      return KernelActivation{To::none};
    case From::relu:
      return KernelActivation{To::relu};
    case From::clip:
      return KernelActivation{To::clip, a.alpha, a.beta};
    case From::leaky_relu:
      return KernelActivation{To::leaky_relu, a.alpha};
    case From::elu:
      return KernelActivation{To::elu, a.alpha};
    case From::sigmoid:
      return KernelActivation{To::sigmoid};
    case From::hard_sigmoid:
      return KernelActivation{To::hard_sigmoid, a.alpha, a.beta};
    case From::swish:
      return KernelActivation{To::swish, a.alpha};
    case From::hard_swish:
      return KernelActivation{To::hard_swish};
    case From::tanh:
      return KernelActivation{To::tanh};
    case From::gelu:
      return KernelActivation{a.alpha == 0 ? To::gelu_erf : To::gelu_tanh};
    case From::mish:
      return KernelActivation{To::mish};
    case From::softplus:
      return KernelActivation{To::softplus};
  }
  return std::nullopt;
}

Result<KernelActivation> read_activation(const NodeView& view) {
  if (view.node().domain != kOarlockDomain && view.node().domain != kCpuDomain)
    return KernelActivation{};
  const std::optional<Activation> activation = activation_from(view.attrs());
  if (activation) {
    if (const auto known = kernel_activation(*activation)) return *known;
  }
  return unsupported("no kernel fuses activation ", view.attrs().string("activation"));
}

}  // namespace oarlock::cpu
