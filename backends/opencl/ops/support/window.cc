#include "backends/opencl/ops/support/window.h"

#include <algorithm>

namespace oarlock::opencl {

namespace {

bool is_in_range(const WindowAxis& a) {
  constexpr int64_t kMost = 1 << 24;
  const auto fits = [](int64_t v) { return v >= 1 && v <= kMost; };
  return fits(a.in) && fits(a.out) && fits(a.kernel) && fits(a.stride) && fits(a.dilation) &&
         a.pad_begin >= 0 && a.pad_begin <= kMost && a.pad_end >= 0 && a.pad_end <= kMost &&
         a.kernel * a.dilation <= kMost && a.out * a.stride <= kMost * 4;
}

}  // namespace

Result<WindowAxis> read_window_axis(const NodeView& node, size_t i, int64_t kernel,
                                    bool transposed) {
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = node.attrs().integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  WindowAxis axis;
  axis.in = node.input_shape(0)[i + 2];
  axis.out = node.output_shape(0)[i + 2];
  axis.kernel = kernel;
  axis.stride = entry("strides", i, 1);
  axis.dilation = entry("dilations", i, 1);
  const std::string& automatic = node.attrs().string("auto_pad");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (automatic != "VALID") {
    axis.pad_begin = entry("pads", i, 0);
    axis.pad_end = entry("pads", node.input_shape(0).rank() - 2 + i, 0);
  }
  const bool to_shape = transposed && !node.attrs().integers("output_shape").empty();
  if (!is_in_range(axis))
    return unsupported("an extent, stride, dilation or pad is out of the kernels' range");
  if (same || to_shape) {
    const int64_t full = transposed
                             ? (axis.in - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 +
                                   entry("output_padding", i, 0) - axis.out
                             : axis.reach() - axis.in;
    const int64_t total = std::max<int64_t>(full, 0);
    axis.pad_begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    axis.pad_end = total - axis.pad_begin;
  }
  return axis;
}

}  // namespace oarlock::opencl
