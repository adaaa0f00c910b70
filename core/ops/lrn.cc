// LRN (ONNX 13): each element over the squares of neighbouring channels.
#include <algorithm>
#include <cmath>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 2));
  if (c.attrs().integer("size") < 1)
    return invalid("attribute size must be 1 or more, but is ", c.attrs().integer("size"));
  return same_type_as_input(c);
}

template <class C>
Status run(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const Elements<C> x(c.input(0));
  Results<C> y(*output);
  const int64_t size = c.attrs().integer("size");
  const int64_t below = (size - 1) / 2, above = size - 1 - below;
  const C bias = static_cast<C>(c.attrs().number("bias", 1));
  const C beta = static_cast<C>(c.attrs().number("beta", 0.75f));
  const C alpha = static_cast<C>(c.attrs().number("alpha", 1e-4f)) / static_cast<C>(size);
  const int64_t channels = shape[1];
  const int64_t plane = extent_product(shape, 2, shape.rank());
  for (int64_t n = 0; n < shape[0]; ++n) {
    for (int64_t channel = 0; channel < channels; ++channel) {
      const int64_t first = channel - std::min(channel, below);
      const int64_t last = channel + std::min(channels - 1 - channel, above);
      for (int64_t i = 0; i < plane; ++i) {
        C squares = 0;
        for (int64_t k = first; k <= last; ++k) {
          const C value = x[(n * channels + k) * plane + i];
          squares += value * value;
        }
        const int64_t at = (n * channels + channel) * plane + i;
        y[at] = x[at] / std::pow(bias + alpha * squares, beta);
      }
    }
  }
  y.store();
  return {};
}

Status lrn(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

}  // namespace

std::span<const OpDef> lrn_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "LRN",
       .since_version = 13,
       .attrs = {{"alpha", 1e-4f},
                 {"beta", 0.75f},
                 {"bias", 1.0f},
                 AttrDef::must("size", AttrKind::integer)},
       .inputs = 1,
       .infer = infer,
       .reference = lrn,
       .flops =
           [](const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
             return 2 * static_cast<double>(attrs.integer("size")) *
                    static_cast<double>(inputs[0].shape.elements().value_or(0));
           }},
  };
  return defs;
}

}  // namespace oarlock::ops
