#include "core/ops/support/window.h"

#include <algorithm>
#include <string>

#include "core/ops/support/check.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kMaxParameter = (int64_t{1} << 31) - 1;
constexpr int64_t kMaxExtent = int64_t{1} << 48;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

Status place(Window& w, size_t d, const std::string& auto_pad, bool ceil_mode) {
  const int64_t in = w.input[d];
  if (in == Shape::kUnknown || w.kernel[d] == Shape::kUnknown) {
    w.output[d] = Shape::kUnknown;
    return {};
  }
  const int64_t reach = (w.kernel[d] - 1) * w.dilations[d] + 1;
  if (in > kMaxExtent) return invalid("spatial extent ", in, " is too large");
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    w.output[d] = ceil_div(in, w.strides[d]);
    const int64_t pad = std::max<int64_t>(0, (w.output[d] - 1) * w.strides[d] + reach - in);
    w.pads_begin[d] = auto_pad == "SAME_UPPER" ? pad / 2 : pad - pad / 2;
    w.pads_end[d] = pad - w.pads_begin[d];
    return {};
  }
  const int64_t room = in + w.pads_begin[d] + w.pads_end[d] - reach;
  if (room < 0) {
    return invalid("the kernel reaches over ", reach, " elements of spatial dimension ", d,
                   ", which with its padding has only ", reach + room);
  }
  w.output[d] = room / w.strides[d] + 1;
  if (ceil_mode && auto_pad != "VALID") {
    w.output[d] = ceil_div(room, w.strides[d]) + 1;
    if ((w.output[d] - 1) * w.strides[d] >= in + w.pads_begin[d]) --w.output[d];
  }
  return {};
}

}  // namespace

Status Window::check_kernel() const {
  constexpr int64_t kMost = int64_t{1} << 26;
  int64_t product = 1;
  for (int64_t extent : kernel) {
    if (extent == Shape::kUnknown) return {};
    if (extent > kMost || (product *= extent) > kMost)
      return unsupported("a kernel of shape ", kernel, " has more than ", kMost, " elements");
  }
  return {};
}

int64_t Window::kernel_elements() const {
  int64_t n = 1;
  for (int64_t extent : kernel) n *= extent;
  return n;
}

std::vector<AttrDef> window_attrs() {
  return {{"auto_pad", "NOTSET"},
          {"dilations", AttrKind::integers},
          {"kernel_shape", AttrKind::integers},
          {"pads", AttrKind::integers},
          {"strides", AttrKind::integers}};
}

Result<Shape> spatial_list(const Attrs& attrs, std::string_view name, size_t n, int64_t fallback,
                           int64_t least) {
  const std::vector<int64_t>& given = attrs.integers(name);
  if (given.empty()) return Shape(n, fallback);
  if (given.size() != n)
    return invalid("attribute ", name, " must have ", n, " entries, but has ", given.size());
  for (int64_t entry : given) {
    if (entry < least || entry > kMaxParameter)
      return invalid("attribute ", name, " must have entries of at least ", least, ", but has ",
                     entry);
  }
  return Shape(std::span<const int64_t>(given));
}

Result<Window> window_from(const Attrs& attrs, std::span<const int64_t> input,
                           std::span<const int64_t> kernel, bool ceil_mode) {
  Window w;
  const size_t n = input.size();
  w.input = Shape(input);
  if (kernel.empty()) {
    if (n > 0 && attrs.integers("kernel_shape").empty())
      return invalid("attribute kernel_shape is missing");
    OARLOCK_ASSIGN(w.kernel, spatial_list(attrs, "kernel_shape", n, 1, 1));
  } else {
    w.kernel = Shape(kernel);
    const std::vector<int64_t>& given = attrs.integers("kernel_shape");
    if (!given.empty()) {
      const Shape wanted{std::span<const int64_t>(given)};
      if (!agree(wanted, w.kernel))
        return invalid("attribute kernel_shape is ", wanted, ", but the weights have ", w.kernel);
      w.kernel = wanted;
    }
    for (int64_t extent : w.kernel) {
      if (extent != Shape::kUnknown && (extent < 1 || extent > kMaxParameter))
        return invalid("the kernel has shape ", w.kernel, "; its extents must be 1 or more");
    }
  }
  OARLOCK_TRY(w.check_kernel());
  OARLOCK_ASSIGN(w.strides, spatial_list(attrs, "strides", n, 1, 1));
  OARLOCK_ASSIGN(w.dilations, spatial_list(attrs, "dilations", n, 1, 1));
  const std::string& auto_pad = attrs.string("auto_pad");
  w.pads_begin = w.pads_end = Shape(n, 0);
  if (auto_pad.empty() || auto_pad == "NOTSET") {
    OARLOCK_ASSIGN(Shape pads, spatial_list(attrs, "pads", 2 * n, 0, 0));
    std::copy_n(pads.begin(), n, w.pads_begin.begin());
    std::copy_n(pads.begin() + n, n, w.pads_end.begin());
  } else if (auto_pad != "SAME_UPPER" && auto_pad != "SAME_LOWER" && auto_pad != "VALID") {
    return invalid("attribute auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, but is ",
                   auto_pad);
  }
  w.output = Shape(n, 0);
  for (size_t d = 0; d < n; ++d) OARLOCK_TRY(place(w, d, auto_pad, ceil_mode));
  return w;
}

Shape window_output_shape(int64_t batch, int64_t channels, const Window& window) {
  Shape shape(window.rank() + 2);
  shape[0] = batch;
  shape[1] = channels;
  std::copy(window.output.begin(), window.output.end(), shape.begin() + 2);
  return shape;
}

int64_t window_tile(const Window& window, int64_t rows) {
  constexpr int64_t kMost = int64_t{1} << 20;
  return std::clamp<int64_t>(kMost / std::max<int64_t>(window.kernel_elements() * rows, 1), 1, 64);
}

void window_offsets(const Window& w, int64_t first, int64_t count, int64_t* offsets) {
  const size_t n = w.rank();
  const int64_t kernel_elements = w.kernel_elements();
  const Shape out_strides = row_major_strides(w.output);
  const Shape in_strides = row_major_strides(w.input);
  Shape k(n, 0);
  for (int64_t e = 0; e < kernel_elements; ++e) {
    for (int64_t p = 0; p < count; ++p) {
      int64_t rest = first + p;
      int64_t offset = 0;
      for (size_t d = 0; d < n; ++d) {
        const int64_t position = rest / out_strides[d];
        rest -= position * out_strides[d];
        const int64_t at = position * w.strides[d] - w.pads_begin[d] + k[d] * w.dilations[d];
        if (at < 0 || at >= w.input[d]) {
          offset = -1;
          break;
        }
        offset += at * in_strides[d];
      }
      offsets[e * count + p] = offset;
    }
    for (size_t d = n; d-- > 0;) {
      if (++k[d] < w.kernel[d]) break;
      k[d] = 0;
    }
  }
}

}  // namespace oarlock::ops
