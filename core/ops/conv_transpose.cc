// ConvTranspose (ONNX 22).
#include <algorithm>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"
#include "core/ops/support/window.h"

namespace oarlock::ops {

namespace {

// The window of the convolution whose transpose is computed: its `input` is our output and its
// `output` our input.
Result<Window> transposed_window(const Attrs& attrs, std::span<const int64_t> input,
                                 std::span<const int64_t> kernel) {
  const size_t n = input.size();
  Window w;
  w.output = Shape(input);
  w.kernel = Shape(kernel);
  OARLOCK_ASSIGN(const Shape named, spatial_list(attrs, "kernel_shape", n, Shape::kUnknown, 1));
  if (!agree(named, w.kernel))
    return invalid("attribute kernel_shape is ", named, ", but the weights have ", w.kernel);
  OARLOCK_TRY(w.check_kernel());
  OARLOCK_ASSIGN(w.strides, spatial_list(attrs, "strides", n, 1, 1));
  OARLOCK_ASSIGN(w.dilations, spatial_list(attrs, "dilations", n, 1, 1));
  OARLOCK_ASSIGN(const Shape pads, spatial_list(attrs, "pads", 2 * n, 0, 0));
  OARLOCK_ASSIGN(const Shape extra, spatial_list(attrs, "output_padding", n, 0, 0));
  OARLOCK_ASSIGN(const Shape wanted, spatial_list(attrs, "output_shape", n, Shape::kUnknown, 1));
  const std::string& auto_pad = attrs.string("auto_pad");
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && !auto_pad.empty() && auto_pad != "NOTSET" && auto_pad != "VALID")
    return invalid("attribute auto_pad must be NOTSET, SAME_UPPER, SAME_LOWER or VALID, but is ",
                   auto_pad);
  w.input = w.pads_begin = w.pads_end = Shape(n, 0);
  for (size_t d = 0; d < n; ++d) {
    if (input[d] == Shape::kUnknown || kernel[d] == Shape::kUnknown) {
      w.input[d] = wanted[d];
      continue;
    }
    if (kernel[d] < 1 || kernel[d] >= int64_t{1} << 31 || input[d] >= int64_t{1} << 31)
      return invalid("X has the spatial extents ", w.output, " and the kernel ", w.kernel,
                     "; they must be at least 1 and less than 2^31");
    const int64_t full = input[d] == 0 ? 0
                                       : (input[d] - 1) * w.strides[d] + extra[d] +
                                             (kernel[d] - 1) * w.dilations[d] + 1;
    int64_t size = wanted[d];
    if (size == Shape::kUnknown && same) size = input[d] * w.strides[d];
    if (size == Shape::kUnknown) {
      const bool padded = auto_pad != "VALID";
      w.pads_begin[d] = padded ? pads[d] : 0;
      w.pads_end[d] = padded ? pads[d + n] : 0;
      size = full - w.pads_begin[d] - w.pads_end[d];
      if (size < 0)
        return invalid("the pads take ", w.pads_begin[d] + w.pads_end[d],
                       " elements from an output of ", full);
    } else {
      const int64_t total = std::max<int64_t>(full - size, 0);
      w.pads_begin[d] = auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.pads_end[d] = total - w.pads_begin[d];
    }
    w.input[d] = size;
  }
  return w;
}

Shape result_shape(const Shape& x, const Shape& weights, int64_t groups, const Window& window) {
  Shape y(x.rank());
  y[0] = x[0];
  y[1] = weights[1] == Shape::kUnknown ? Shape::kUnknown : weights[1] * groups;
  std::copy(window.input.begin(), window.input.end(), y.begin() + 2);
  return y;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_same_dtype(c, 1, "W", c.dtype(0)));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 3));
  OARLOCK_TRY(expect_rank(c, 1, "W", c.shape(0).rank()));
  const Shape& x = c.shape(0);
  const Shape& weights = c.shape(1);
  const int64_t groups = c.attrs().integer("group", 1);
  if (!agree(x[1], weights[0]))
    return invalid("X has shape ", x, ", so W must have ", x[1], " channels, but its shape is ",
                   weights);
  if (groups < 1 || (x[1] != Shape::kUnknown && x[1] % groups != 0) ||
      (weights[1] != Shape::kUnknown && weights[1] > (int64_t{1} << 40) / groups))
    return invalid("X has shape ", x, "; its channels do not divide into ", groups, " groups");
  OARLOCK_ASSIGN(const Window window,
                 transposed_window(c.attrs(), x.dims().subspan(2), weights.dims().subspan(2)));
  const Shape y = result_shape(x, weights, groups, window);
  OARLOCK_TRY(expect_optional(c, 2, "B", c.dtype(0), {y[1]}));
  c.set_output(0, c.dtype(0), y);
  return {};
}

// For tiles of input positions: columns = W^T x tile, then each column element is added where the
// window says.
template <class C>
Status run(RunContext& c) {
  const Shape& x_shape = c.input(0).shape();
  const Shape& w_shape = c.input(1).shape();
  const int64_t groups = c.attrs().integer("group", 1);
  OARLOCK_ASSIGN(const Window window, transposed_window(c.attrs(), x_shape.dims().subspan(2),
                                                        w_shape.dims().subspan(2)));
  const Shape shape = result_shape(x_shape, w_shape, groups, window);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(), shape));
  const Elements<C> x(c.input(0)), weights(c.input(1));
  Results<C> out(*y);
  const int64_t in_plane = extent_product(x_shape, 2, x_shape.rank());
  const int64_t out_plane = extent_product(shape, 2, shape.rank());
  if (c.has_input(2)) {
    const Elements<C> bias(c.input(2));
    for (int64_t i = 0; i < out.size(); ++i) out[i] = bias[i / out_plane % shape[1]];
  } else {
    std::fill_n(out.data(), out.size(), C{0});
  }
  const int64_t kernel = window.kernel_elements();
  const int64_t group_in = x_shape[1] / groups;
  const int64_t group_out = w_shape[1];
  const int64_t rows = group_out * kernel;
  const int64_t tile = window_tile(window, group_out);
  std::vector<int64_t> offsets(static_cast<size_t>(kernel * tile));
  std::vector<C> columns(static_cast<size_t>(rows * tile));
  for (int64_t first = 0; first < in_plane; first += tile) {
    const int64_t count = std::min(tile, in_plane - first);
    window_offsets(window, first, count, offsets.data());
    for (int64_t ng = 0; ng < x_shape[0] * groups; ++ng) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      const int64_t g = ng % groups;
      matrix_product<C>(rows, count, group_in, {weights.data() + g * group_in * rows, 1, rows},
                        {x.data() + ng * group_in * in_plane + first, in_plane, 1},
                        {columns.data(), count, 1});
      for (int64_t channel = 0; channel < group_out; ++channel) {
        C* to = out.data() + (ng * group_out + channel) * out_plane;
        const C* from = columns.data() + channel * kernel * count;
        for (int64_t e = 0; e < kernel * count; ++e) {
          if (offsets[e] >= 0) to[offsets[e]] += from[e];
        }
      }
    }
  }
  out.store();
  return {};
}

Status conv_transpose(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  double product = 2;
  for (int64_t extent : inputs[0].shape) product *= static_cast<double>(extent);
  const Shape& weights = inputs[1].shape;
  for (size_t d = 1; d < weights.rank(); ++d) product *= static_cast<double>(weights[d]);
  return product;
}

}  // namespace

std::span<const OpDef> conv_transpose_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def{.name = "ConvTranspose",
              .since_version = 22,
              .attrs = window_attrs(),
              .inputs = {2, 3},
              .infer = infer,
              .reference = conv_transpose,
              .flops = flops};
    def.attrs.emplace_back("group", 1);
    def.attrs.emplace_back("output_padding", AttrKind::integers);
    def.attrs.emplace_back("output_shape", AttrKind::integers);
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::ops
