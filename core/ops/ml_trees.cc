// Ensembles of decision trees of domain ai.onnx.ml: TreeEnsemble (5), TreeEnsembleClassifier and
// TreeEnsembleRegressor (3, in 5 replaced by TreeEnsemble).
#include <algorithm>
#include <string>
#include <vector>

#include "core/ops/support/forest.h"

namespace oarlock::ops {
namespace {

constexpr int64_t kMostTargets = int64_t{1} << 32;

// What a regressor does with the weights it finds.
struct Regressor {
  Forest forest;
  Forest::Aggregate aggregate = Forest::Aggregate::sum;
  ScoreTransform transform = ScoreTransform::none;
  std::vector<double> base;  // empty, or one for each target
  int64_t targets = 0;

  static Result<Regressor> of(const Attrs& attrs, bool ensemble) {
    Regressor model;
    model.targets = attrs.integer("n_targets", 1);
    if (model.targets < 1 || model.targets > kMostTargets)
      return invalid("attribute n_targets is ", model.targets, ", expected 1 or more");
    if (ensemble) {
      const int64_t aggregate = attrs.integer("aggregate_function");
      const int64_t transform = attrs.integer("post_transform");
      if (aggregate < 0 || aggregate > 3)
        return invalid("attribute aggregate_function is ", aggregate, ", expected 0 to 3");
      if (transform < 0 || transform > 4)
        return invalid("attribute post_transform is ", transform, ", expected 0 to 4");
      model.aggregate = static_cast<Forest::Aggregate>(aggregate);
      model.transform = static_cast<ScoreTransform>(transform);
      OARLOCK_ASSIGN(model.forest, Forest::of_ensemble(attrs, model.targets));
      return model;
    }
    constexpr std::string_view kNames[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    const std::string& name = attrs.string("aggregate_function");
    const auto found = std::ranges::find(kNames, name);
    if (found == std::end(kNames))
      return invalid("attribute aggregate_function is '", name,
                     "', expected AVERAGE, SUM, MIN or MAX");
    model.aggregate = static_cast<Forest::Aggregate>(found - std::begin(kNames));
    OARLOCK_ASSIGN(model.transform, score_transform(attrs.string("post_transform")));
    model.base = numbers_or_tensor(attrs, "base_values");
    if (!model.base.empty() && static_cast<int64_t>(model.base.size()) != model.targets)
      return invalid("attribute base_values has ", model.base.size(), " elements for ",
                     model.targets, " targets");
    OARLOCK_ASSIGN(model.forest, Forest::of_nodes(attrs, "target", model.targets));
    return model;
  }
};

template <bool kEnsemble>
Status infer_regressor(InferContext& c) {
  if constexpr (kEnsemble)
    OARLOCK_TRY((check_type<Types<float, double, Float16>>(c, 0)));
  else
    OARLOCK_TRY(check_type<FeatureTypes>(c, 0));
  const Shape& shape = c.shape(0);
  if (shape.rank() != 2 && (kEnsemble || shape.rank() != 1))
    return invalid("input 0 has the shape ", shape, ", expected [N, F]");
  OARLOCK_ASSIGN(const Regressor model, Regressor::of(c.attrs(), kEnsemble));
  if (row_width(shape) != Shape::kUnknown) OARLOCK_TRY(model.forest.check_width(row_width(shape)));
  c.set_output(0, kEnsemble ? c.dtype(0) : DType::float32, {row_count(shape), model.targets});
  return {};
}

template <bool kEnsemble>
Status run_regressor(RunContext& c) {
  OARLOCK_ASSIGN(const Regressor model, Regressor::of(c.attrs(), kEnsemble));
  const Tensor& input = c.input(0);
  const Elements<double> x(input);
  const int64_t rows = row_count(input.shape()), width = row_width(input.shape());
  OARLOCK_TRY(model.forest.check_width(width));
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, kEnsemble ? input.dtype() : DType::float32, {rows, model.targets}));
  Results<double> y(*output);
  for (int64_t row = 0; row < rows; ++row) {
    const std::span<double> scores(y.data() + row * model.targets,
                                   static_cast<size_t>(model.targets));
    OARLOCK_TRY(model.forest.score(x.data() + row * width, model.aggregate, scores));
    for (size_t i = 0; i < model.base.size(); ++i) scores[i] += model.base[i];
    transform_scores(model.transform, scores);
  }
  y.store();
  return {};
}

struct Classifier {
  ClassLabels labels;
  Forest forest;
  ScoreTransform transform = ScoreTransform::none;
  std::vector<double> base;
  bool one_score = false;  // all weights belong to one class
  bool pair = false;       // one score stands for two classes
  bool positive = false;   // no weight is negative

  static Result<Classifier> of(const Attrs& attrs) {
    Classifier model;
    OARLOCK_ASSIGN(model.labels,
                   ClassLabels::of(attrs, "classlabels_int64s", "classlabels_strings"));
    OARLOCK_ASSIGN(model.transform, score_transform(attrs.string("post_transform")));
    const size_t classes = model.labels.size();
    OARLOCK_ASSIGN(model.forest, Forest::of_nodes(attrs, "class", static_cast<int64_t>(classes)));
    model.base = numbers_or_tensor(attrs, "base_values");
    if (!model.base.empty() && model.base.size() != classes &&
        !(model.base.size() == 1 && classes == 2))
      return invalid("attribute base_values has ", model.base.size(), " elements for ", classes,
                     " classes");
    const std::vector<int64_t>& ids = attrs.integers("class_ids");
    const int64_t id = ids.empty() ? 0 : ids[0];
    model.one_score = std::ranges::all_of(ids, [id](int64_t each) { return each == id; });
    model.pair = model.one_score && classes == 2 && id == 0;
    model.positive = std::ranges::all_of(numbers_or_tensor(attrs, "class_weights"),
                                         [](double weight) { return weight >= 0; });
    return model;
  }

  // The class of a row, and its scores after the transform.
  int64_t decide(std::span<double> scores) const {
    for (size_t i = 0; i < base.size(); ++i) scores[i] += base[i];
    // The scores that are returned decide, not what rounding hides.
    for (double& score : scores) score = static_cast<float>(score);
    if (!one_score || scores.size() > 2) {
      const auto chosen = std::ranges::max_element(scores) - scores.begin();
      transform_scores(transform, scores);
      return chosen;
    }
    const double score = scores[scores.size() == 2 && !pair ? 1 : 0];
    if (scores.size() == 1) {
      transform_scores(transform, scores);
      return score > 0 ? ClassLabels::kPositive : ClassLabels::kNegative;
    }
    if (pair) {
      scores[1] = score;
      transform_pair(transform, positive, std::span<double, 2>(scores.data(), 2));
    } else {
      transform_scores(transform, scores);
    }
    return score > (positive ? 0.5 : 0) ? 1 : 0;
  }
};

Status infer_classifier(InferContext& c) {
  OARLOCK_TRY(check_rows(c));
  OARLOCK_ASSIGN(const Classifier model, Classifier::of(c.attrs()));
  const int64_t rows = row_count(c.shape(0)), width = row_width(c.shape(0));
  if (width != Shape::kUnknown) OARLOCK_TRY(model.forest.check_width(width));
  c.set_output(0, model.labels.dtype(), {rows});
  c.set_output(1, DType::float32, {rows, static_cast<int64_t>(model.labels.size())});
  return {};
}

Status run_classifier(RunContext& c) {
  OARLOCK_ASSIGN(const Classifier model, Classifier::of(c.attrs()));
  const Elements<double> x(c.input(0));
  const int64_t rows = row_count(c.input(0).shape()), width = row_width(c.input(0).shape());
  OARLOCK_TRY(model.forest.check_width(width));
  const size_t classes = model.labels.size();
  OARLOCK_ASSIGN(Tensor* const z,
                 c.output(1, DType::float32, {rows, static_cast<int64_t>(classes)}));
  std::vector<int64_t> chosen(static_cast<size_t>(rows));
  std::vector<double> scores(classes);
  for (int64_t row = 0; row < rows; ++row) {
    OARLOCK_TRY(model.forest.score(x.data() + row * width, Forest::Aggregate::sum, scores));
    chosen[row] = model.decide(scores);
    for (size_t k = 0; k < classes; ++k)
      z->mutable_as<float>()[row * classes + k] = static_cast<float>(scores[k]);
  }
  return model.labels.write(c, chosen);
}

// The attributes that classifier and regressor share, and their own ones.
std::vector<AttrDef> node_attrs(const std::string& leaf, std::vector<AttrDef> attrs) {
  attrs.emplace_back("base_values", AttrKind::numbers);
  attrs.emplace_back("base_values_as_tensor", AttrKind::tensor);
  for (const char* name : {"_ids", "_nodeids", "_treeids"})
    attrs.emplace_back(leaf + name, AttrKind::integers);
  attrs.emplace_back(leaf + "_weights", AttrKind::numbers);
  attrs.emplace_back(leaf + "_weights_as_tensor", AttrKind::tensor);
  for (const char* name : {"falsenodeids", "featureids", "missing_value_tracks_true", "nodeids",
                           "treeids", "truenodeids"})
    attrs.emplace_back(std::string("nodes_") + name, AttrKind::integers);
  for (const char* name : {"hitrates", "values"}) {
    attrs.emplace_back(std::string("nodes_") + name, AttrKind::numbers);
    attrs.emplace_back(concat("nodes_", name, "_as_tensor"), AttrKind::tensor);
  }
  attrs.emplace_back("nodes_modes", AttrKind::strings);
  attrs.emplace_back("post_transform", "NONE");
  return attrs;
}

}  // namespace

std::span<const OpDef> ml_trees_ops() {
  const auto must = [](const char* name, AttrKind kind) { return AttrDef::must(name, kind); };
  static const OpDef defs[] = {
      {.domain = std::string(kMlDomain),
       .name = "TreeEnsemble",
       .since_version = 5,
       .attrs = {{"aggregate_function", 1},
                 must("leaf_targetids", AttrKind::integers),
                 must("leaf_weights", AttrKind::tensor),
                 {"membership_values", AttrKind::tensor},
                 {"n_targets", AttrKind::integer},
                 must("nodes_falseleafs", AttrKind::integers),
                 must("nodes_falsenodeids", AttrKind::integers),
                 must("nodes_featureids", AttrKind::integers),
                 {"nodes_hitrates", AttrKind::tensor},
                 {"nodes_missing_value_tracks_true", AttrKind::integers},
                 must("nodes_modes", AttrKind::tensor),
                 must("nodes_splits", AttrKind::tensor),
                 must("nodes_trueleafs", AttrKind::integers),
                 must("nodes_truenodeids", AttrKind::integers),
                 {"post_transform", 0},
                 must("tree_roots", AttrKind::integers)},
       .inputs = 1,
       .infer = infer_regressor<true>,
       .reference = run_regressor<true>},
      {.domain = std::string(kMlDomain),
       .name = "TreeEnsembleClassifier",
       .since_version = 3,
       .attrs = node_attrs("class", {{"classlabels_int64s", AttrKind::integers},
                                     {"classlabels_strings", AttrKind::strings}}),
       .inputs = 1,
       .outputs = {1, 2},
       .infer = infer_classifier,
       .reference = run_classifier},
      {.domain = std::string(kMlDomain),
       .name = "TreeEnsembleRegressor",
       .since_version = 3,
       .attrs =
           node_attrs("target", {{"aggregate_function", "SUM"}, {"n_targets", AttrKind::integer}}),
       .inputs = 1,
       .infer = infer_regressor<false>,
       .reference = run_regressor<false>},
  };
  return defs;
}

}  // namespace oarlock::ops
