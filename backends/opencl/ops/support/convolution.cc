#include "backends/opencl/ops/support/convolution.h"

#include <algorithm>

namespace oarlock::opencl {

namespace {

// Spatial axis i; pads follow from auto_pad or output_shape where these are set.
WindowAxis read_axis(const NodeView& node, size_t i, bool transposed) {
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = node.attrs().integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  WindowAxis axis;
  axis.in = node.input_shape(0)[i + 2];
  axis.out = node.output_shape(0)[i + 2];
  axis.kernel = node.input_shape(1)[i + 2];
  axis.stride = entry("strides", i, 1);
  axis.dilation = entry("dilations", i, 1);
  axis.pad_begin = entry("pads", i, 0);
  const std::string& automatic = node.attrs().string("auto_pad");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (automatic == "VALID") axis.pad_begin = 0;
  if (same || (transposed && !node.attrs().integers("output_shape").empty())) {
    const int64_t full = transposed
                             ? (axis.in - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 +
                                   entry("output_padding", i, 0) - axis.out
                             : axis.reach() - axis.in;
    const int64_t total = std::max<int64_t>(full, 0);
    axis.pad_begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
  }
  return axis;
}

bool sane(const WindowAxis& a) {
  constexpr int64_t kMost = 1 << 24;
  const auto fits = [](int64_t v) { return v >= 1 && v <= kMost; };
  return fits(a.in) && fits(a.out) && fits(a.kernel) && fits(a.stride) && fits(a.dilation) &&
         a.pad_begin >= 0 && a.pad_begin <= kMost && a.kernel * a.dilation <= kMost &&
         a.out * a.stride <= kMost * 4;
}

}  // namespace

Result<Activation> read_activation(const NodeView& node) {
  if (node.node().domain != kOarlockDomain) return Activation{};
  if (const std::optional<Activation> activation = activation_from(node.attrs()))
    return *activation;
  return unsupported("no kernel fuses activation ", node.attrs().string("activation"));
}

Result<Convolution> read_convolution(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  const Shape &in = node.input_shape(0), &weights = node.input_shape(1),
              &out = node.output_shape(0);
  if (in.rank() != 3 && in.rank() != 4)
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", in.rank());
  const size_t spatial = in.rank() - 2;
  Convolution c;
  c.transposed = node.node().op == "ConvTranspose";
  c.batch = in[0];
  c.in_channels = in[1];
  c.out_channels = out[1];
  c.groups = node.attrs().integer("group", 1);
  if (c.groups < 1 || c.in_channels % c.groups != 0 || c.out_channels % c.groups != 0)
    return unsupported(c.in_channels, " input and ", c.out_channels, " output channels in ",
                       c.groups, " groups");
  c.x = read_axis(node, spatial - 1, c.transposed);
  if (spatial == 2) c.y = read_axis(node, 0, c.transposed);
  if (!sane(c.x) || !sane(c.y) || c.taps() > (1 << 20))
    return unsupported("an extent, stride, dilation or pad is out of the kernels' range");
  if (storage_bytes({DType::float32, weights, {}}).value_or(0) > size_t{1} << 30)
    return unsupported("weights of more than 1 GiB");
  OARLOCK_ASSIGN(c.activation, read_activation(node));
  return c;
}

}  // namespace oarlock::opencl
