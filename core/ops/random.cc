// RandomUniform, RandomNormal and their Like forms, Bernoulli, Multinomial (ONNX 22).
// The same attribute `seed` gives the same numbers in each run; without it each run differs.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/philox.h"

namespace oarlock::ops {

namespace {

Result<DType> dtype_from(const Attrs& attrs, DType fallback, bool integers) {
  if (!attrs.has("dtype")) return fallback;
  const int64_t number = attrs.integer("dtype");
  const DType dtype =
      number > 0 && number < kDTypeCount ? static_cast<DType>(number) : DType::undefined;
  const bool known = visit_floats(dtype, [](auto) {}) ||
                     (integers && (dtype == DType::boolean || visit_integers(dtype, [](auto) {})));
  if (!known)
    return invalid("attribute dtype is ", number, " (", dtype, "), which cannot be drawn");
  return dtype;
}

Result<Shape> shape_from(const Attrs& attrs) {
  const std::vector<int64_t>& shape = attrs.integers("shape");
  for (int64_t extent : shape) {
    if (extent < 0) return invalid("attribute shape has the entry ", extent);
  }
  return Shape(std::span<const int64_t>(shape));
}

Status infer_shaped(InferContext& c) {
  OARLOCK_ASSIGN(const DType dtype, dtype_from(c.attrs(), DType::float32, false));
  OARLOCK_ASSIGN(const Shape shape, shape_from(c.attrs()));
  c.set_output(0, dtype, shape);
  return {};
}

Status infer_like(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_ASSIGN(const DType dtype, dtype_from(c.attrs(), c.dtype(0), false));
  if (!visit_floats(dtype, [](auto) {}))
    return invalid("the output type ", dtype, " cannot be drawn; set attribute dtype");
  c.set_output(0, dtype, c.shape(0));
  return {};
}

// draw(generator, i) for every element of an output.
template <class F>
Status fill(RunContext& c, DType dtype, const Shape& shape, F&& draw) {
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, shape));
  const Philox random = random_stream(c.attrs());
  Results<double> y(*output);
  for (int64_t i = 0; i < y.size(); ++i) y[i] = draw(random, static_cast<uint64_t>(i));
  y.store();
  return {};
}

template <class F>
Status fill_like(RunContext& c, F&& draw) {
  const bool like = c.input_count() > 0;
  OARLOCK_ASSIGN(const DType dtype,
                 dtype_from(c.attrs(), like ? c.input(0).dtype() : DType::float32, false));
  if (like) return fill(c, dtype, c.input(0).shape(), draw);
  OARLOCK_ASSIGN(const Shape shape, shape_from(c.attrs()));
  return fill(c, dtype, shape, draw);
}

Status uniform(RunContext& c) {
  const double low = c.attrs().number("low", 0), high = c.attrs().number("high", 1);
  return fill_like(
      c, [=](const Philox& random, uint64_t i) { return low + (high - low) * random.uniform(i); });
}

Status normal(RunContext& c) {
  const double mean = c.attrs().number("mean", 0), scale = c.attrs().number("scale", 1);
  return fill_like(
      c, [=](const Philox& random, uint64_t i) { return mean + scale * random.normal(i); });
}

Status infer_bernoulli(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_ASSIGN(const DType dtype, dtype_from(c.attrs(), c.dtype(0), true));
  c.set_output(0, dtype, c.shape(0));
  return {};
}

Status bernoulli(RunContext& c) {
  OARLOCK_ASSIGN(const DType dtype, dtype_from(c.attrs(), c.input(0).dtype(), true));
  const Elements<double> p(c.input(0));
  return fill(c, dtype, c.input(0).shape(), [&](const Philox& random, uint64_t i) {
    return random.uniform(i) < p[static_cast<int64_t>(i)] ? 1.0 : 0.0;
  });
}

Status infer_multinomial(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_rank(c, 0, "input", 2));
  const auto dtype = static_cast<DType>(c.attrs().integer("dtype", 6));
  if (dtype != DType::int32 && dtype != DType::int64)
    return invalid("attribute dtype must be int32 or int64, but is ", dtype);
  const int64_t samples = c.attrs().integer("sample_size", 1);
  if (samples < 1) return invalid("attribute sample_size must be 1 or more, but is ", samples);
  if (c.shape(0)[1] == 0) return invalid("input of shape ", c.shape(0), " has no outcomes");
  c.set_output(0, dtype, {c.shape(0)[0], samples});
  return {};
}

Status multinomial(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const int64_t samples = c.attrs().integer("sample_size", 1), classes = shape[1];
  const Elements<double> logits(c.input(0));
  std::vector<double> sums(static_cast<size_t>(shape[0] * classes));
  for (int64_t n = 0; n < shape[0]; ++n) {
    const double* row = logits.data() + n * classes;
    const double most = *std::max_element(row, row + classes);
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) sums[n * classes + k] = sum += std::exp(row[k] - most);
  }
  return fill(c, static_cast<DType>(c.attrs().integer("dtype", 6)), {shape[0], samples},
              [&](const Philox& random, uint64_t i) {
                const double* row = sums.data() + static_cast<int64_t>(i) / samples * classes;
                const double at = random.uniform(i) * row[classes - 1];
                const auto found = std::upper_bound(row, row + classes, at) - row;
                return static_cast<double>(std::min<int64_t>(found, classes - 1));
              });
}

OpDef make(std::string name, std::vector<AttrDef> attrs, Arity inputs,
           std::function<Status(InferContext&)> infer,
           std::function<Status(RunContext&)> reference) {
  attrs.emplace_back("dtype", AttrKind::integer);
  attrs.emplace_back("seed", AttrKind::number);
  OpDef def{.name = std::move(name),
            .since_version = 22,
            .attrs = std::move(attrs),
            .inputs = inputs,
            .infer = std::move(infer),
            .reference = std::move(reference)};
  def.pure = false;
  return def;
}

}  // namespace

std::span<const OpDef> random_ops() {
  const AttrDef shape = AttrDef::must("shape", AttrKind::integers);
  static const std::vector<OpDef> defs = {
      make("RandomUniform", {{"high", 1.0f}, {"low", 0.0f}, shape}, 0, infer_shaped, uniform),
      make("RandomUniformLike", {{"high", 1.0f}, {"low", 0.0f}}, 1, infer_like, uniform),
      make("RandomNormal", {{"mean", 0.0f}, {"scale", 1.0f}, shape}, 0, infer_shaped, normal),
      make("RandomNormalLike", {{"mean", 0.0f}, {"scale", 1.0f}}, 1, infer_like, normal),
      make("Bernoulli", {}, 1, infer_bernoulli, bernoulli),
      make("Multinomial", {{"sample_size", 1}}, 1, infer_multinomial, multinomial),
  };
  return defs;
}

}  // namespace oarlock::ops
