#include "backends/opencl/ops/support/window.h"

#include <algorithm>

namespace oarlock::opencl {

namespace {

// The kernels compute positions as 32-bit numbers.
constexpr int64_t kMost = 1 << 24;

Status check_range(const Window& w, size_t i) {
  for (const int64_t v : {w.in[i], w.out[i], w.extent[i], w.stride[i], w.dilation[i]})
    if (v < 1 || v > kMost) return unsupported("an extent, stride or dilation of ", v);
  if (w.before[i] < 0 || w.after[i] < 0 || w.before[i] > kMost || w.after[i] > kMost ||
      w.extent[i] * w.dilation[i] > kMost || w.out[i] * w.stride[i] > 2 * kMost)
    return unsupported("pads or reaches outside the kernels' range");
  return {};
}

}  // namespace

Result<Window> read_window(const NodeView& node, std::span<const int64_t> extent) {
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  if (in.rank() != 3 && in.rank() != 4)
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", in.rank());
  const size_t spatial = in.rank() - 2;
  if (extent.size() != spatial || out.rank() != in.rank())
    return unsupported("window and input have different numbers of dimensions");
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = node.attrs().integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  const std::string& automatic = node.attrs().string("auto_pad");
  Window w;
  for (size_t axis = 0; axis < spatial; ++axis) {
    const size_t i = axis + 2 - spatial;
    w.in[i] = in[axis + 2];
    w.out[i] = out[axis + 2];
    w.extent[i] = extent[axis];
    w.stride[i] = entry("strides", axis, 1);
    w.dilation[i] = entry("dilations", axis, 1);
    w.before[i] = automatic == "VALID" ? 0 : entry("pads", axis, 0);
    w.after[i] = automatic == "VALID" ? 0 : entry("pads", spatial + axis, 0);
    OARLOCK_TRY(check_range(w, i));
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const int64_t reach = (w.out[i] - 1) * w.stride[i] + (w.extent[i] - 1) * w.dilation[i] + 1;
      const int64_t total = std::max<int64_t>(reach - w.in[i], 0);
      w.before[i] = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after[i] = total - w.before[i];
    }
  }
  return w;
}

}  // namespace oarlock::opencl
