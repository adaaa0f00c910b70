// LpNormalization (ONNX 22) and MeanVarianceNormalization (ONNX 13).
#include <cmath>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer_lp(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_min_rank(c, 0, "input", 1));
  OARLOCK_TRY(checked_axis(c.attrs().integer("axis", -1), c.shape(0).rank()).status());
  const int64_t p = c.attrs().integer("p", 2);
  if (p != 1 && p != 2) return invalid("attribute p must be 1 or 2, but is ", p);
  return same_type_as_input(c);
}

template <class C>
Status run_lp(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const size_t axis, checked_axis(c.attrs().integer("axis", -1), shape.rank()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const bool absolute = c.attrs().integer("p", 2) == 1;
  const Elements<C> x(c.input(0));
  Results<C> y(*output);
  const int64_t n = shape[axis];
  const int64_t inner = extent_product(shape, axis + 1, shape.rank());
  const int64_t lines = n == 0 ? 0 : x.size() / n;
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t start = line / inner * n * inner + line % inner;
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      const double value = x[start + i * inner];
      sum += absolute ? std::abs(value) : value * value;
    }
    const double norm = absolute ? sum : std::sqrt(sum);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t at = start + i * inner;
      y[at] = norm == 0 ? C{0} : static_cast<C>(x[at] / norm);
    }
  }
  y.store();
  return {};
}

Status lp_normalization(RunContext& c) {
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run_lp<typename decltype(tag)::Type>(c); });
}

// Which axes to reduce.
Result<std::vector<bool>> reduced_axes(const Attrs& attrs, size_t rank) {
  std::vector<bool> reduced(rank, false);
  for (int64_t axis : attrs.integers("axes")) {
    OARLOCK_ASSIGN(const size_t at, checked_axis(axis, rank));
    reduced[at] = true;
  }
  return reduced;
}

Status infer_mean_variance(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(reduced_axes(c.attrs(), c.shape(0).rank()).status());
  return same_type_as_input(c);
}

// Elements that share their indices on the other axes form a group.
template <class C>
Status run_mean_variance(RunContext& c) {
  constexpr double kEpsilon = 1e-9;
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(const std::vector<bool> reduced, reduced_axes(c.attrs(), shape.rank()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const Elements<C> x(c.input(0));
  Results<C> y(*output);
  Shape strides(shape.rank(), 0);
  int64_t groups = 1;
  for (size_t d = shape.rank(); d-- > 0;) {
    if (reduced[d]) continue;
    strides[d] = groups;
    groups *= shape[d];
  }
  const auto group_of = [&](int64_t i) {
    int64_t group = 0;
    for (size_t d = shape.rank(); d-- > 0;) {
      group += i % shape[d] * strides[d];
      i /= shape[d];
    }
    return group;
  };
  std::vector<double> mean(static_cast<size_t>(groups), 0.0), deviation(mean);
  const double count =
      static_cast<double>(x.size()) / static_cast<double>(std::max<int64_t>(groups, 1));
  for (int64_t i = 0; i < x.size(); ++i) mean[group_of(i)] += x[i];
  for (double& value : mean) value /= count;
  for (int64_t i = 0; i < x.size(); ++i) {
    const double difference = x[i] - mean[group_of(i)];
    deviation[group_of(i)] += difference * difference;
  }
  for (double& value : deviation) value = std::sqrt(value / count) + kEpsilon;
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t group = group_of(i);
    y[i] = static_cast<C>((x[i] - mean[group]) / deviation[group]);
  }
  y.store();
  return {};
}

Status mean_variance_normalization(RunContext& c) {
  return with_compute_type(c.input(0).dtype(), [&](auto tag) {
    return run_mean_variance<typename decltype(tag)::Type>(c);
  });
}

}  // namespace

std::span<const OpDef> lp_normalization_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "LpNormalization",
       .since_version = 22,
       .attrs = {{"axis", -1}, {"p", 2}},
       .inputs = 1,
       .infer = infer_lp,
       .reference = lp_normalization},
      {.name = "MeanVarianceNormalization",
       .since_version = 13,
       .attrs = {{"axes", AttrValue(std::vector<int64_t>{0, 2, 3})}},
       .inputs = 1,
       .infer = infer_mean_variance,
       .reference = mean_variance_normalization},
  };
  return defs;
}

}  // namespace oarlock::ops
