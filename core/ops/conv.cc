// Conv (ONNX 22) and oarlock.Conv, which adds a residual and an activation:
// Y = activation(conv(X, W) + B + R).
#include <vector>

#include "core/ops/support/activate.h"
#include "core/ops/support/check.h"
#include "core/ops/support/convolution.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer_conv(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_same_dtype(c, 1, "W", c.dtype(0)));
  OARLOCK_ASSIGN(const Window window, convolution_window(c, 0, 1));
  const Shape y = window_output_shape(c.shape(0)[0], c.shape(1)[0], window);
  OARLOCK_TRY(expect_optional(c, 2, "B", c.dtype(0), {y[1]}));
  OARLOCK_TRY(expect_optional(c, 3, "R", c.dtype(0), y));
  OARLOCK_TRY(checked_activation(c.attrs()).status());
  c.set_output(0, c.dtype(0), y);
  return {};
}

template <class C>
Status run(RunContext& c) {
  const Shape& x_shape = c.input(0).shape();
  const Shape& w_shape = c.input(1).shape();
  OARLOCK_ASSIGN(const Window window,
                 window_from(c.attrs(), x_shape.dims().subspan(2), w_shape.dims().subspan(2)));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(),
                                           window_output_shape(x_shape[0], w_shape[0], window)));
  const ConvolutionSizes sizes{x_shape[0], x_shape[1], w_shape[0], c.attrs().integer("group", 1)};
  const Elements<C> x(c.input(0)), w(c.input(1));
  Results<C> out(*y);
  OARLOCK_TRY(
      convolve<C>(sizes, window, x.data(), w.data(), out.data(), [&] { return c.cancelled(); }));
  const int64_t planes = sizes.batch * sizes.filters;
  const int64_t plane = planes == 0 ? 0 : out.size() / planes;
  if (c.has_input(2)) {
    const Elements<C> bias(c.input(2));
    for (int64_t p = 0; p < planes; ++p) {
      const C add = bias[p % sizes.filters];
      for (int64_t i = 0; i < plane; ++i) out[p * plane + i] += add;
    }
  }
  return finish_product(c, 3, out);
}

Status conv(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double conv_flops(const Attrs&, std::span<const TypeInfo> inputs,
                  std::span<const TypeInfo> outputs) {
  return convolution_flops(inputs, outputs);
}

OpDef make_conv() {
  OpDef def{.name = "Conv",
            .since_version = 22,
            .attrs = window_attrs(),
            .inputs = {2, 3},
            .infer = infer_conv,
            .reference = conv,
            .flops = conv_flops};
  def.attrs.emplace_back("group", 1);
  return def;
}

OpDef make_oarlock_conv() {
  OpDef def = make_conv();
  def.domain = kOarlockDomain;
  def.since_version = 1;
  def.inputs = {2, 4};
  add_activation_attrs(def.attrs);
  return def;
}

}  // namespace

std::span<const OpDef> conv_ops() {
  static const std::vector<OpDef> defs = {make_conv(), make_oarlock_conv()};
  return defs;
}

}  // namespace oarlock::ops
