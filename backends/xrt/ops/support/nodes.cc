#include "backends/xrt/ops/support/nodes.h"

#include <algorithm>

#include "kernels/fpga/lines.h"

namespace oarlock::xrt {

namespace {

Status expect(const NodeView& node, bool (*accepts)(DType)) {
  const auto check = [&](const TypeInfo& type) -> Status {
    if (!type.is_concrete()) return unsupported("a type that is not concrete");
    if (!accepts(type.dtype)) return unsupported("elements of type ", type.dtype);
    const int64_t count = element_count(type.shape);
    if (count < 1 || count > kMostElements) return unsupported(count, " elements");
    return {};
  };
  for (size_t i = 0; i < node.input_count(); ++i)
    if (node.has_input(i)) OARLOCK_TRY(check(node.input(i)));
  for (size_t i = 0; i < node.output_count(); ++i)
    if (node.has_output(i)) OARLOCK_TRY(check(node.output(i)));
  return {};
}

bool is_in_range(const WindowAxis& a) {
  constexpr int64_t kMost = 1 << 20;
  const auto fits = [](int64_t v) { return v >= 1 && v <= kMost; };
  return fits(a.in) && fits(a.out) && fits(a.kernel) && fits(a.stride) && fits(a.dilation) &&
         a.pad_begin >= 0 && a.pad_begin <= kMost && a.pad_end >= 0 && a.pad_end <= kMost &&
         a.kernel * a.dilation <= kMost && a.out * a.stride <= kMost;
}

Result<WindowAxis> read_axis(const Attrs& attrs, const Shape& in, const Shape& out, size_t i,
                             int64_t kernel) {
  const size_t spatial = in.rank() - 2;
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = attrs.integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  WindowAxis axis;
  axis.in = in[i + 2];
  axis.out = out[i + 2];
  axis.kernel = kernel;
  axis.stride = entry("strides", i, 1);
  axis.dilation = entry("dilations", i, 1);
  const std::string& automatic = attrs.string("auto_pad");
  if (automatic != "VALID") {
    axis.pad_begin = entry("pads", i, 0);
    axis.pad_end = entry("pads", spatial + i, 0);
  }
  if (!is_in_range(axis))
    return unsupported("an extent, stride, dilation or pad is out of the kernels' range");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    const int64_t reach = (axis.out - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1;
    const int64_t total = std::max<int64_t>(reach - axis.in, 0);
    axis.pad_begin = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
    axis.pad_end = total - axis.pad_begin;
  }
  return axis;
}

}  // namespace

Status expect_tensors(const NodeView& node) {
  return expect(node, [](DType) { return true; });
}

Status expect_float32(const NodeView& node) {
  return expect(node, [](DType dtype) { return dtype == DType::float32; });
}

int64_t extent(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

bool Window::fits_lines() const {
  return x.in <= FPGA_LINE_WIDTH && (y.kernel - 1) * y.dilation < FPGA_LINE_ROWS;
}

void Window::set(Parameters& p, int at) const {
  p.set(at + WINDOW_IN_Y, y.in);
  p.set(at + WINDOW_IN_X, x.in);
  p.set(at + WINDOW_OUT_Y, y.out);
  p.set(at + WINDOW_OUT_X, x.out);
  p.set(at + WINDOW_KERNEL_Y, y.kernel);
  p.set(at + WINDOW_KERNEL_X, x.kernel);
  p.set(at + WINDOW_STRIDE_Y, y.stride);
  p.set(at + WINDOW_STRIDE_X, x.stride);
  p.set(at + WINDOW_DILATION_Y, y.dilation);
  p.set(at + WINDOW_DILATION_X, x.dilation);
  p.set(at + WINDOW_PAD_Y, y.pad_begin);
  p.set(at + WINDOW_PAD_X, x.pad_begin);
}

Result<Window> read_window(const Attrs& attrs, const Shape& in, const Shape& out,
                           std::span<const int64_t> kernel) {
  const size_t rank = in.rank();
  if (rank != 3 && rank != 4)
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", rank);
  if (kernel.size() != rank - 2) return unsupported("a window of ", kernel.size(), " dimensions");
  Window window;
  OARLOCK_ASSIGN(window.x, read_axis(attrs, in, out, rank - 3, kernel.back()));
  if (rank == 4) {
    OARLOCK_ASSIGN(window.y, read_axis(attrs, in, out, 0, kernel[0]));
  }
  return window;
}

}  // namespace oarlock::xrt
