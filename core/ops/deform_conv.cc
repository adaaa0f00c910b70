// DeformConv (ONNX 22): a convolution whose sampling points are displaced, in two dimensions.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/convolution.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_same_dtype(c, 1, "W", c.dtype(0)));
  OARLOCK_TRY(expect_same_dtype(c, 2, "offset", c.dtype(0)));
  if (c.shape(0).rank() != 4)
    return unsupported("X has shape ", c.shape(0), "; only two spatial dimensions are implemented");
  OARLOCK_ASSIGN(const Window window, convolution_window(c, 0, 1));
  const Shape y = window_output_shape(c.shape(0)[0], c.shape(1)[0], window);
  const int64_t groups = c.attrs().integer("offset_group", 1);
  if (groups < 1 || groups > (1 << 24) ||
      (c.shape(0)[1] != Shape::kUnknown && c.shape(0)[1] % groups != 0))
    return invalid("X has ", c.shape(0)[1],
                   " channels, which do not divide into offset_group = ", groups);
  const bool known = window.kernel.is_concrete();
  const int64_t taps = known ? groups * window.kernel_elements() : Shape::kUnknown;
  OARLOCK_TRY(expect_shape(c, 2, "offset", {y[0], known ? 2 * taps : Shape::kUnknown, y[2], y[3]}));
  OARLOCK_TRY(expect_optional(c, 3, "B", c.dtype(0), {y[1]}));
  OARLOCK_TRY(expect_optional(c, 4, "mask", c.dtype(0), {y[0], taps, y[2], y[3]}));
  c.set_output(0, c.dtype(0), y);
  return {};
}

// The plane's value at (y, x), zero outside, linear between pixels.
template <class C>
C value_at(const C* plane, int64_t height, int64_t width, double y, double x) {
  if (!(y > -1 && y < static_cast<double>(height) && x > -1 && x < static_cast<double>(width)))
    return 0;
  const auto y0 = static_cast<int64_t>(std::floor(y)), x0 = static_cast<int64_t>(std::floor(x));
  const double dy = y - static_cast<double>(y0), dx = x - static_cast<double>(x0);
  double sum = 0;
  for (int64_t i = 0; i < 2; ++i) {
    for (int64_t j = 0; j < 2; ++j) {
      if (y0 + i < 0 || y0 + i >= height || x0 + j < 0 || x0 + j >= width) continue;
      sum += (i == 0 ? 1 - dy : dy) * (j == 0 ? 1 - dx : dx) *
             static_cast<double>(plane[(y0 + i) * width + x0 + j]);
    }
  }
  return static_cast<C>(sum);
}

template <class C>
Status run(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const Shape& weights_shape = c.input(1).shape();
  OARLOCK_ASSIGN(const Window window,
                 window_from(c.attrs(), shape.dims().subspan(2), weights_shape.dims().subspan(2)));
  const int64_t channels = shape[1], filters = weights_shape[0];
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), window_output_shape(shape[0], filters, window)));
  const int64_t groups = c.attrs().integer("group", 1);
  const int64_t offset_groups = c.attrs().integer("offset_group", 1);
  const Elements<C> x(c.input(0)), weights(c.input(1)), offset(c.input(2));
  Elements<C> bias, mask;
  if (c.has_input(3)) bias = Elements<C>(c.input(3));
  if (c.has_input(4)) mask = Elements<C>(c.input(4));
  Results<C> y(*output);
  const int64_t kernel = window.kernel_elements();
  const int64_t plane = shape[2] * shape[3];
  const int64_t positions = window.output[0] * window.output[1];
  const int64_t depth = channels * kernel, group_depth = depth / groups;
  const int64_t tile = window_tile(window, channels);
  std::vector<C> columns(static_cast<size_t>(depth * tile));
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t first = 0; first < positions; first += tile) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      const int64_t count = std::min(tile, positions - first);
      for (int64_t channel = 0; channel < channels; ++channel) {
        const int64_t group = n * offset_groups + channel / (channels / offset_groups);
        const C* from = x.data() + (n * channels + channel) * plane;
        for (int64_t e = 0; e < kernel; ++e) {
          const int64_t tap = group * kernel + e;
          for (int64_t p = 0; p < count; ++p) {
            const int64_t at = first + p;
            const double row = static_cast<double>(at / window.output[1] * window.strides[0] -
                                                   window.pads_begin[0] +
                                                   e / window.kernel[1] * window.dilations[0]) +
                               offset[2 * tap * positions + at];
            const double column = static_cast<double>(at % window.output[1] * window.strides[1] -
                                                      window.pads_begin[1] +
                                                      e % window.kernel[1] * window.dilations[1]) +
                                  offset[(2 * tap + 1) * positions + at];
            const C value = value_at(from, shape[2], shape[3], row, column);
            columns[(channel * kernel + e) * count + p] =
                mask.empty() ? value : value * mask[tap * positions + at];
          }
        }
      }
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t filter = g * (filters / groups);
        matrix_product<C>(filters / groups, count, group_depth,
                          {weights.data() + filter * group_depth, group_depth, 1},
                          {columns.data() + g * group_depth * count, count, 1},
                          {y.data() + (n * filters + filter) * positions + first, positions, 1});
      }
    }
  }
  if (!bias.empty()) {
    for (int64_t i = 0; i < y.size(); ++i) y[i] += bias[i / positions % filters];
  }
  y.store();
  return {};
}

Status deform_conv(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> deform_conv_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "DeformConv",
       .since_version = 22,
       .attrs = {{"dilations", AttrKind::integers},
                 {"group", 1},
                 {"kernel_shape", AttrKind::integers},
                 {"offset_group", 1},
                 {"pads", AttrKind::integers},
                 {"strides", AttrKind::integers}},
       .inputs = {3, 5},
       .infer = infer,
       .reference = deform_conv,
       .flops =
           [](const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo> outputs) {
             return convolution_flops(inputs, outputs);
           }},
  };
  return defs;
}

}  // namespace oarlock::ops
