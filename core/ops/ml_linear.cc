// Linear models of domain ai.onnx.ml (1): LinearClassifier, LinearRegressor. Scores are computed in
// double precision.
#include <algorithm>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/features.h"

namespace oarlock::ops {
namespace {

// Checks the lists of coefficients and intercepts for this many targets.
Status check_model(const InferContext& c, int64_t targets) {
  OARLOCK_TRY(check_rows(c));
  OARLOCK_TRY(score_transform(c.attrs().string("post_transform")).status());
  const auto coefficients = static_cast<int64_t>(c.attrs().numbers("coefficients").size());
  const size_t intercepts = c.attrs().numbers("intercepts").size();
  const int64_t width = row_width(c.shape(0));
  if (coefficients % targets != 0 || (width != Shape::kUnknown && width != coefficients / targets))
    return invalid("attribute coefficients has ", coefficients, " elements for ", targets,
                   " targets and input 0 of shape ", c.shape(0));
  if (intercepts != 0 && intercepts != static_cast<size_t>(targets))
    return invalid("attribute intercepts has ", intercepts, " elements for ", targets, " targets");
  return {};
}

// Scores [rows, targets] before any transform.
Result<std::vector<double>> scores_of(RunContext& c, int64_t targets) {
  const Elements<double> x(c.input(0));
  const std::vector<float>& coefficients = c.attrs().numbers("coefficients");
  const std::vector<float>& intercepts = c.attrs().numbers("intercepts");
  const Shape& shape = c.input(0).shape();
  const int64_t rows = row_count(shape), width = row_width(shape);
  if (static_cast<int64_t>(coefficients.size()) != targets * width)
    return invalid("attribute coefficients has ", coefficients.size(), " elements for ", targets,
                   " targets and input 0 of shape ", shape);
  std::vector<double> scores(static_cast<size_t>(rows * targets));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t target = 0; target < targets; ++target) {
      double sum = intercepts.empty() ? 0 : intercepts[target];
      for (int64_t i = 0; i < width; ++i)
        sum += x[row * width + i] * coefficients[target * width + i];
      scores[row * targets + target] = sum;
    }
  }
  return scores;
}

Status infer_regressor(InferContext& c) {
  const int64_t targets = c.attrs().integer("targets");
  if (targets < 1) return invalid("attribute targets is ", targets, ", expected 1 or more");
  OARLOCK_TRY(check_model(c, targets));
  c.set_output(0, DType::float32, {row_count(c.shape(0)), targets});
  return {};
}

Status run_regressor(RunContext& c) {
  const int64_t targets = c.attrs().integer("targets");
  OARLOCK_ASSIGN(const ScoreTransform transform,
                 score_transform(c.attrs().string("post_transform")));
  OARLOCK_ASSIGN(std::vector<double> scores, scores_of(c, targets));
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, DType::float32, {row_count(c.input(0).shape()), targets}));
  for (size_t row = 0; row < scores.size(); row += targets)
    transform_scores(transform, std::span(scores).subspan(row, targets));
  std::ranges::transform(scores, y->mutable_as<float>().begin(),
                         [](double x) { return static_cast<float>(x); });
  return {};
}

// A model of two classes may have one set of coefficients.
int64_t classifier_targets(const Attrs& attrs, size_t classes) {
  return classes == 2 && attrs.numbers("intercepts").size() == 1 ? 1
                                                                 : static_cast<int64_t>(classes);
}

Status infer_classifier(InferContext& c) {
  OARLOCK_ASSIGN(const ClassLabels labels,
                 ClassLabels::of(c.attrs(), "classlabels_ints", "classlabels_strings"));
  OARLOCK_TRY(check_model(c, classifier_targets(c.attrs(), labels.size())));
  c.set_output(0, labels.dtype(), {row_count(c.shape(0))});
  c.set_output(1, DType::float32, {row_count(c.shape(0)), static_cast<int64_t>(labels.size())});
  return {};
}

Status run_classifier(RunContext& c) {
  OARLOCK_ASSIGN(const ScoreTransform transform,
                 score_transform(c.attrs().string("post_transform")));
  OARLOCK_ASSIGN(const ClassLabels labels,
                 ClassLabels::of(c.attrs(), "classlabels_ints", "classlabels_strings"));
  const size_t classes = labels.size();
  const int64_t targets = classifier_targets(c.attrs(), classes);
  OARLOCK_ASSIGN(const std::vector<double> scores, scores_of(c, targets));
  const int64_t rows = row_count(c.input(0).shape());
  OARLOCK_ASSIGN(Tensor* const z,
                 c.output(1, DType::float32, {rows, static_cast<int64_t>(classes)}));
  std::vector<int64_t> chosen(static_cast<size_t>(rows));
  std::vector<double> row(classes);
  for (int64_t n = 0; n < rows; ++n) {
    const double* from = scores.data() + n * targets;
    if (targets == 1 && classes == 2) {
      row[1] = from[0];
      chosen[n] = from[0] > 0;
      transform_pair(transform, true, std::span<double, 2>(row));
    } else {
      row.assign(from, from + targets);
      chosen[n] = classes == 1 ? (from[0] > 0 ? ClassLabels::kPositive : ClassLabels::kNegative)
                               : std::ranges::max_element(row) - row.begin();
      transform_scores(transform, row);
    }
    for (size_t k = 0; k < classes; ++k)
      z->mutable_as<float>()[n * classes + k] = static_cast<float>(row[k]);
  }
  return labels.write(c, chosen);
}

}  // namespace

std::span<const OpDef> ml_linear_ops() {
  static const OpDef defs[] = {
      {.domain = std::string(kMlDomain),
       .name = "LinearClassifier",
       .since_version = 1,
       .attrs = {{"classlabels_ints", AttrKind::integers},
                 {"classlabels_strings", AttrKind::strings},
                 AttrDef::must("coefficients", AttrKind::numbers),
                 {"intercepts", AttrKind::numbers},
                 {"multi_class", 0},
                 {"post_transform", "NONE"}},
       .inputs = 1,
       .outputs = {1, 2},
       .infer = infer_classifier,
       .reference = run_classifier},
      {.domain = std::string(kMlDomain),
       .name = "LinearRegressor",
       .since_version = 1,
       .attrs = {{"coefficients", AttrKind::numbers},
                 {"intercepts", AttrKind::numbers},
                 {"post_transform", "NONE"},
                 {"targets", 1}},
       .inputs = 1,
       .infer = infer_regressor,
       .reference = run_regressor},
  };
  return defs;
}

}  // namespace oarlock::ops
