// InstanceNormalization (ONNX 22) and GroupNormalization (ONNX 21): statistics for each instance
// and group of channels, scale and bias for each channel.
#include <cmath>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 2));
  const int64_t channels = c.shape(0)[1];
  for (size_t i = 1; i < 3; ++i) {
    const std::string_view name = i == 1 ? "scale" : "bias";
    OARLOCK_TRY(expect_same_dtype(c, i, name, c.dtype(0)));
    OARLOCK_TRY(expect_shape(c, i, name, {channels}));
  }
  const int64_t groups = c.attrs().integer("num_groups", 1);
  if (groups < 1 || (channels != Shape::kUnknown && channels % groups != 0))
    return invalid("X has ", channels, " channels, which do not divide into ", groups, " groups");
  return same_type_as_input(c);
}

template <class C>
Status run(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const int64_t channels = shape[1];
  const int64_t groups =
      c.node().op == "GroupNormalization" ? c.attrs().integer("num_groups", 1) : channels;
  const int64_t plane = extent_product(shape, 2, shape.rank());
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  if (output->elements() == 0) return {};
  const int64_t per_group = channels / groups;
  const int64_t size = per_group * plane;
  const double epsilon = c.attrs().number("epsilon", 1e-5f);
  const Elements<C> x(c.input(0)), scale(c.input(1)), bias(c.input(2));
  Results<C> y(*output);
  for (int64_t g = 0; g < shape[0] * groups; ++g) {
    const C* from = x.data() + g * size;
    double mean = 0;
    for (int64_t i = 0; i < size; ++i) mean += from[i];
    mean /= static_cast<double>(size);
    double squares = 0;
    for (int64_t i = 0; i < size; ++i) squares += (from[i] - mean) * (from[i] - mean);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(size) + epsilon);
    for (int64_t k = 0; k < per_group; ++k) {
      const int64_t channel = g % groups * per_group + k;
      for (int64_t i = k * plane; i < (k + 1) * plane; ++i) {
        y[g * size + i] =
            static_cast<C>((from[i] - mean) * factor) * scale[channel] + bias[channel];
      }
    }
  }
  y.store();
  return {};
}

Status normalize(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  return 8 * static_cast<double>(inputs[0].shape.elements().value_or(0));
}

}  // namespace

std::span<const OpDef> group_normalization_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "InstanceNormalization",
       .since_version = 22,
       .attrs = {{"epsilon", 1e-5f}},
       .inputs = 3,
       .infer = infer,
       .reference = normalize,
       .flops = flops},
      {.name = "GroupNormalization",
       .since_version = 21,
       .attrs = {{"epsilon", 1e-5f},
                 AttrDef::must("num_groups", AttrKind::integer),
                 {"stash_type", 1}},
       .inputs = 3,
       .infer = infer,
       .reference = normalize,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
