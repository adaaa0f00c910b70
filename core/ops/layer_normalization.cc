// LayerNormalization (ONNX 17) and RMSNormalization (ONNX 23): over all axes from `axis` on.
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

namespace {

// [d0, ..., d(axis-1), 1, ..., 1].
Shape reduced(Shape shape, size_t axis) {
  for (size_t d = axis; d < shape.rank(); ++d) shape[d] = 1;
  return shape;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 1));
  OARLOCK_TRY(expect_float(c, 1, "Scale"));
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -1), c.shape(0).rank()));
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (c.has_input(i) && !broadcasts_to(c.shape(i), c.shape(0)))
      return invalid("input ", i == 1 ? "Scale" : "B", " of shape ", c.shape(i),
                     " does not broadcast to X of shape ", c.shape(0));
  }
  if (c.has_input(2)) OARLOCK_TRY(expect_same_dtype(c, 2, "B", c.dtype(1)));
  const bool rms = c.node().op == "RMSNormalization";
  c.set_output(0, rms ? c.dtype(1) : c.dtype(0), c.shape(0));
  const DType stash = c.dtype(0) == DType::float64 ? DType::float64
                      : c.attrs().integer("stash_type", 1) == static_cast<int>(DType::bfloat16)
                          ? DType::bfloat16
                          : DType::float32;
  for (size_t i = 1; i < c.output_count(); ++i) c.set_output(i, stash, reduced(c.shape(0), axis));
  return {};
}

// The elements of a tensor that broadcasts to rows [axis, rank) of X, or an index for each element.
template <class C>
class Parameter {
 public:
  Parameter(const Tensor& tensor, const Shape& x, size_t axis, int64_t row) : values_(tensor) {
    if (values_.size() == 1) {
      modulus_ = 1;
    } else if (values_.size() == row && tensor.shape().rank() <= x.rank() - axis) {
      modulus_ = row;
    } else {
      indices_ = batch_indices(tensor.shape(), x);
    }
  }
  C operator[](int64_t i) const { return values_[indices_.empty() ? i % modulus_ : indices_[i]]; }

 private:
  Elements<C> values_;
  std::vector<int64_t> indices_;
  int64_t modulus_ = 1;
};

template <class C>
Status run(RunContext& c) {
  const bool rms = c.node().op == "RMSNormalization";
  const Tensor& input = c.input(0);
  const Shape& shape = input.shape();
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -1), shape.rank()));
  const int64_t rows = extent_product(shape, 0, axis);
  const int64_t row = extent_product(shape, axis, shape.rank());
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, rms ? c.input(1).dtype() : input.dtype(), shape));
  const DType stash = input.dtype() == DType::float64 ? DType::float64
                      : c.attrs().integer("stash_type", 1) == static_cast<int>(DType::bfloat16)
                          ? DType::bfloat16
                          : DType::float32;
  std::vector<C> means, deviations;
  if (c.has_output(1)) means.resize(static_cast<size_t>(rows));
  if (c.has_output(2)) deviations.resize(static_cast<size_t>(rows));
  const Elements<C> x(input);
  const Parameter<C> scale(c.input(1), shape, axis, row);
  std::optional<Parameter<C>> bias;
  if (c.has_input(2)) bias.emplace(c.input(2), shape, axis, row);
  Results<C> y(*output);
  const double epsilon = c.attrs().number("epsilon", 1e-5f);
  for (int64_t r = 0; r < rows; ++r) {
    const C* from = x.data() + r * row;
    double mean = 0;
    if (!rms) {
      for (int64_t i = 0; i < row; ++i) mean += from[i];
      mean /= static_cast<double>(row);
    }
    double squares = 0;
    for (int64_t i = 0; i < row; ++i) {
      const double difference = from[i] - mean;
      squares += difference * difference;
    }
    const double factor = 1 / std::sqrt(squares / static_cast<double>(row) + epsilon);
    for (int64_t i = 0; i < row; ++i) {
      const C normalized = static_cast<C>((from[i] - mean) * factor) * scale[r * row + i];
      y[r * row + i] = bias ? normalized + (*bias)[r * row + i] : normalized;
    }
    if (!means.empty()) means[r] = static_cast<C>(mean);
    if (!deviations.empty()) deviations[r] = static_cast<C>(factor);
  }
  y.store();
  const auto save = [&](size_t i, const std::vector<C>& values) -> Status {
    if (!c.has_output(i)) return {};
    OARLOCK_ASSIGN(Tensor* const tensor, c.output(i, stash, reduced(shape, axis)));
    Results<C> out(*tensor);
    std::copy(values.begin(), values.end(), out.data());
    out.store();
    return {};
  };
  OARLOCK_TRY(save(1, means));
  return save(2, deviations);
}

Status normalize(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double flops(const Attrs&, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  return 8 * static_cast<double>(inputs[0].shape.elements().value_or(0));
}

}  // namespace

std::span<const OpDef> layer_normalization_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "LayerNormalization",
       .since_version = 17,
       .attrs = {{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}},
       .inputs = {2, 3},
       .outputs = {1, 3},
       .infer = infer,
       .reference = normalize,
       .flops = flops},
      {.name = "RMSNormalization",
       .since_version = 23,
       .attrs = {{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}},
       .inputs = 2,
       .infer = infer,
       .reference = normalize,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
