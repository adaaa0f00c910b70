#include "core/ops/support/features.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace oarlock::ops {

Status check_rows(const InferContext& c, size_t i) {
  OARLOCK_TRY(check_type<FeatureTypes>(c, i));
  const size_t rank = c.shape(i).rank();
  if (rank == 1 || rank == 2) return {};
  return invalid("input ", i, " has the shape ", c.shape(i), ", expected [N, F] or [F]");
}

Status check_feature_list(const InferContext& c, std::string_view name, size_t length) {
  const Shape& shape = c.shape(0);
  const int64_t width = shape.rank() == 0 ? 1 : shape.back();
  if (length == 1 || width == Shape::kUnknown || width == static_cast<int64_t>(length)) return {};
  return invalid("attribute ", name, " has ", length, " elements, expected 1 or ", width,
                 ", one for each feature");
}

Result<ClassLabels> ClassLabels::of(const Attrs& attrs, std::string_view integers,
                                    std::string_view strings) {
  ClassLabels labels;
  labels.numbers_ = attrs.integers(integers);
  labels.texts_ = attrs.strings(strings);
  if (labels.numbers_.empty() == labels.texts_.empty())
    return invalid("exactly one of the attributes ", integers, " and ", strings,
                   " must list the classes");
  return labels;
}

Status ClassLabels::write(RunContext& c, std::span<const int64_t> rows) const {
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype(), {static_cast<int64_t>(rows.size())}));
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t row = rows[i];
    if (texts_.empty())
      y->mutable_as<int64_t>()[i] =
          row < 0 ? static_cast<int64_t>(row == kPositive) : numbers_[row];
    else
      y->mutable_as<std::string>()[i] = row < 0 ? (row == kPositive ? "1" : "0") : texts_[row];
  }
  return {};
}

Result<ScoreTransform> score_transform(std::string_view name) {
  constexpr std::string_view kNames[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == name) return static_cast<ScoreTransform>(i);
  return invalid("attribute post_transform is '", name,
                 "', expected NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT");
}

double logistic(double x) {
  const double y = 1 / (1 + std::exp(-std::abs(x)));
  return x < 0 ? 1 - y : y;
}

namespace {

// The inverse of the normal distribution, with the approximation of the inverse error function by
// S. Winitzki that the operators' specification is based on.
double probit(double p) {
  constexpr double kA = 0.147;
  const double x = 2 * p - 1;
  const double rest = (1 - x) * (1 + x);
  if (rest == 0) return 0;
  const double log = std::log(rest);
  const double v = 2 / (std::numbers::pi * kA) + 0.5 * log;
  const double root = std::sqrt(std::sqrt(v * v - log / kA) - v);
  return std::numbers::sqrt2 * (x < 0 ? -root : root);
}

}  // namespace

void transform_scores(ScoreTransform transform, std::span<double> scores) {
  if (scores.empty() || transform == ScoreTransform::none) return;
  if (transform == ScoreTransform::logistic) {
    for (double& x : scores) x = logistic(x);
    return;
  }
  if (transform == ScoreTransform::probit) {
    for (double& x : scores) x = probit(x);
    return;
  }
  // SOFTMAX_ZERO leaves scores of zero out: they are scaled, not exponentiated.
  const bool zeros_stay = transform == ScoreTransform::softmax_zero;
  const double most = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& x : scores) {
    x = zeros_stay && std::abs(x) <= 1e-7 ? x * std::exp(-most) : std::exp(x - most);
    sum += x;
  }
  for (double& x : scores) x = sum == 0 ? 0.5 : x / sum;
}

void transform_pair(ScoreTransform transform, bool complements, std::span<double, 2> scores) {
  const double x = scores[1];
  if (transform == ScoreTransform::logistic) {
    scores[0] = logistic(-x);
    scores[1] = logistic(x);
  } else if (transform == ScoreTransform::probit) {
    scores[1] = probit(x);
    scores[0] = -scores[1];
  } else {
    scores[0] = complements ? 1 - x : -x;
  }
}

}  // namespace oarlock::ops
