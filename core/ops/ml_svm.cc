// Support vector machines of domain ai.onnx.ml (1): SVMClassifier, SVMRegressor. Computed in double
// precision.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/features.h"

namespace oarlock::ops {
namespace {

enum class KernelType : uint8_t { linear, poly, rbf, sigmoid };

// How similar two rows are: attributes kernel_type and kernel_params (gamma, coef0, degree).
struct Similarity {
  KernelType type = KernelType::linear;
  double gamma = 0, coef0 = 0, degree = 0;

  static Result<Similarity> of(const Attrs& attrs) {
    constexpr std::string_view kNames[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    Similarity similarity;
    const std::string& name = attrs.string("kernel_type");
    const auto found = std::ranges::find(kNames, name);
    if (found == std::end(kNames))
      return invalid("attribute kernel_type is '", name,
                     "', expected LINEAR, POLY, RBF or SIGMOID");
    similarity.type = static_cast<KernelType>(found - std::begin(kNames));
    const std::vector<float>& params = attrs.numbers("kernel_params");
    if (!params.empty() && params.size() != 3)
      return invalid("attribute kernel_params has ", params.size(), " elements, expected 3");
    if (!params.empty()) {
      similarity.gamma = params[0];
      similarity.coef0 = params[1];
      similarity.degree = params[2];
    } else if (similarity.type != KernelType::linear) {
      return invalid("attribute kernel_params is missing, which kernel_type ", name, " needs");
    }
    return similarity;
  }

  double operator()(const double* x, const float* y, int64_t width) const {
    double sum = 0;
    if (type == KernelType::rbf) {
      for (int64_t i = 0; i < width; ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
      return std::exp(-gamma * sum);
    }
    for (int64_t i = 0; i < width; ++i) sum += x[i] * y[i];
    if (type == KernelType::poly) return std::pow(gamma * sum + coef0, degree);
    if (type == KernelType::sigmoid) return std::tanh(gamma * sum + coef0);
    return sum;
  }
};

// A list of numbers with exactly this many elements.
Status check_list(const Attrs& attrs, std::string_view name, int64_t length) {
  const size_t given = attrs.numbers(name).size();
  if (static_cast<int64_t>(given) == length) return {};
  return invalid("attribute ", name, " has ", given, " elements, expected ", length);
}

Status infer_regressor(InferContext& c) {
  OARLOCK_TRY(check_rows(c));
  const Attrs& attrs = c.attrs();
  OARLOCK_TRY(score_transform(attrs.string("post_transform")).status());
  OARLOCK_TRY(Similarity::of(attrs).status());
  const int64_t vectors = attrs.integer("n_supports");
  if (vectors < 0 || vectors > int64_t{1} << 32)
    return invalid("attribute n_supports is ", vectors);
  OARLOCK_TRY(check_list(attrs, "rho", 1));
  const int64_t width = row_width(c.shape(0));
  if (vectors > 0) OARLOCK_TRY(check_list(attrs, "coefficients", vectors));
  if (width != Shape::kUnknown && vectors > 0)
    OARLOCK_TRY(check_list(attrs, "support_vectors", vectors * width));
  if (width != Shape::kUnknown && vectors == 0)
    OARLOCK_TRY(check_list(attrs, "coefficients", width));
  c.set_output(0, DType::float32, {row_count(c.shape(0)), 1});
  return {};
}

// Without support vectors the coefficients are those of a linear model.
Status run_regressor(RunContext& c) {
  const Attrs& attrs = c.attrs();
  OARLOCK_ASSIGN(const ScoreTransform transform, score_transform(attrs.string("post_transform")));
  OARLOCK_ASSIGN(const Similarity kernel, Similarity::of(attrs));
  const Elements<double> x(c.input(0));
  const int64_t rows = row_count(c.input(0).shape()), width = row_width(c.input(0).shape());
  const int64_t vectors = attrs.integer("n_supports");
  OARLOCK_TRY(vectors > 0 ? check_list(attrs, "support_vectors", vectors * width)
                          : check_list(attrs, "coefficients", width));
  const std::vector<float>& coefficients = attrs.numbers("coefficients");
  const float* supports = attrs.numbers("support_vectors").data();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::float32, {rows, 1}));
  for (int64_t row = 0; row < rows; ++row) {
    const double* from = x.data() + row * width;
    double sum = attrs.numbers("rho")[0];
    for (int64_t i = 0; i < vectors; ++i)
      sum += coefficients[i] * kernel(from, supports + i * width, width);
    if (vectors == 0) sum += Similarity()(from, coefficients.data(), width);
    if (attrs.integer("one_class") != 0)
      sum = sum > 0 ? 1 : -1;
    else
      transform_scores(transform, {&sum, 1});
    y->mutable_as<float>()[row] = static_cast<float>(sum);
  }
  return {};
}

// What the attributes of a classifier say.
struct Classifier {
  ClassLabels labels;
  Similarity kernel;
  ScoreTransform transform = ScoreTransform::none;
  std::vector<int64_t> sizes, starts;  // of each class's support vectors; none: a linear model
  int64_t classes = 0, vectors = 0, pairs = 0;
  bool probabilities = false;

  // Columns of the scores.
  int64_t columns() const {
    if (vectors == 0 || probabilities) return classes;
    return pairs == 1 ? 2 : pairs;
  }

  static Result<Classifier> of(const Attrs& attrs) {
    Classifier model;
    OARLOCK_ASSIGN(model.labels, ClassLabels::of(attrs, "classlabels_ints", "classlabels_strings"));
    OARLOCK_ASSIGN(model.kernel, Similarity::of(attrs));
    OARLOCK_ASSIGN(model.transform, score_transform(attrs.string("post_transform")));
    model.classes = static_cast<int64_t>(model.labels.size());
    model.pairs = model.classes * (model.classes - 1) / 2;
    model.sizes = attrs.integers("vectors_per_class");
    for (const int64_t size : model.sizes) {
      if (size < 0 || size > int64_t{1} << 32)
        return invalid("attribute vectors_per_class has the element ", size);
      model.starts.push_back(model.vectors);
      model.vectors += size;
    }
    if (model.vectors == 0) {
      OARLOCK_TRY(check_list(attrs, "rho", 1));
      return model;
    }
    if (model.classes < 2 || model.sizes.size() != model.labels.size())
      return invalid("attribute vectors_per_class has ", model.sizes.size(), " elements for ",
                     model.classes, " classes");
    OARLOCK_TRY(check_list(attrs, "coefficients", (model.classes - 1) * model.vectors));
    OARLOCK_TRY(check_list(attrs, "rho", model.pairs));
    model.probabilities = !attrs.numbers("prob_a").empty();
    if (model.probabilities) {
      OARLOCK_TRY(check_list(attrs, "prob_a", model.pairs));
      OARLOCK_TRY(check_list(attrs, "prob_b", model.pairs));
    }
    return model;
  }

  Status check_width(const Attrs& attrs, int64_t width) const {
    return vectors > 0 ? check_list(attrs, "support_vectors", vectors * width)
                       : check_list(attrs, "coefficients", classes * width);
  }
};

Status infer_classifier(InferContext& c) {
  OARLOCK_TRY(check_rows(c));
  OARLOCK_ASSIGN(const Classifier model, Classifier::of(c.attrs()));
  if (const int64_t width = row_width(c.shape(0)); width != Shape::kUnknown)
    OARLOCK_TRY(model.check_width(c.attrs(), width));
  c.set_output(0, model.labels.dtype(), {row_count(c.shape(0))});
  c.set_output(1, DType::float32, {row_count(c.shape(0)), model.columns()});
  return {};
}

// Probabilities of k classes from those of each pair, r[i * k + j] for i against j, by the second
// method of Wu, Lin and Weng (Probability Estimates for Multi-class Classification by Pairwise
// Coupling, JMLR 2004).
std::vector<double> couple(size_t k, const std::vector<double>& r) {
  std::vector<double> q(k * k), qp(k), p(k, 1.0 / static_cast<double>(k));
  for (size_t t = 0; t < k; ++t) {
    for (size_t j = 0; j < k; ++j) {
      if (j == t) continue;
      q[t * k + t] += r[j * k + t] * r[j * k + t];
      q[t * k + j] = -r[j * k + t] * r[t * k + j];
    }
  }
  const size_t most = std::max<size_t>(100, k);
  for (size_t step = 0; step < most; ++step) {
    double pqp = 0, error = 0;
    for (size_t t = 0; t < k; ++t) {
      qp[t] = 0;
      for (size_t j = 0; j < k; ++j) qp[t] += q[t * k + j] * p[j];
      pqp += p[t] * qp[t];
    }
    for (size_t t = 0; t < k; ++t) error = std::max(error, std::abs(qp[t] - pqp));
    if (error < 0.005 / static_cast<double>(k)) break;
    for (size_t t = 0; t < k; ++t) {
      const double change = (pqp - qp[t]) / q[t * k + t];
      p[t] += change;
      pqp = (pqp + change * (change * q[t * k + t] + 2 * qp[t])) / ((1 + change) * (1 + change));
      for (size_t j = 0; j < k; ++j) {
        qp[j] = (qp[j] + change * q[t * k + j]) / (1 + change);
        p[j] /= 1 + change;
      }
    }
  }
  return p;
}

// One score for each pair of classes, and votes for the winners.
void vote(const Classifier& model, const Attrs& attrs, const double* x, int64_t width,
          std::vector<double>& scores, std::vector<int64_t>& votes) {
  const std::vector<float>& coefficients = attrs.numbers("coefficients");
  const float* supports = attrs.numbers("support_vectors").data();
  std::vector<double> near(static_cast<size_t>(model.vectors));
  for (int64_t i = 0; i < model.vectors; ++i)
    near[i] = model.kernel(x, supports + i * width, width);
  votes.assign(static_cast<size_t>(model.classes), 0);
  scores.clear();
  for (int64_t i = 0; i < model.classes; ++i) {
    for (int64_t j = i + 1; j < model.classes; ++j) {
      double sum = attrs.numbers("rho")[scores.size()];
      for (int64_t v = model.starts[i]; v < model.starts[i] + model.sizes[i]; ++v)
        sum += coefficients[(j - 1) * model.vectors + v] * near[v];
      for (int64_t v = model.starts[j]; v < model.starts[j] + model.sizes[j]; ++v)
        sum += coefficients[i * model.vectors + v] * near[v];
      scores.push_back(sum);
      ++votes[sum > 0 ? i : j];
    }
  }
}

std::vector<double> probabilities(const Classifier& model, const Attrs& attrs,
                                  const std::vector<double>& scores) {
  const auto k = static_cast<size_t>(model.classes);
  std::vector<double> pairs(k * k);
  size_t at = 0;
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = i + 1; j < k; ++j, ++at) {
      const double p =
          1 - logistic(scores[at] * attrs.numbers("prob_a")[at] + attrs.numbers("prob_b")[at]);
      pairs[i * k + j] = std::clamp(p, 1e-7, 1 - 1e-7);
      pairs[j * k + i] = 1 - pairs[i * k + j];
    }
  }
  return couple(k, pairs);
}

Status run_classifier(RunContext& c) {
  const Attrs& attrs = c.attrs();
  OARLOCK_ASSIGN(const Classifier model, Classifier::of(attrs));
  const Elements<double> x(c.input(0));
  const int64_t rows = row_count(c.input(0).shape()), width = row_width(c.input(0).shape());
  OARLOCK_TRY(model.check_width(attrs, width));
  const int64_t columns = model.columns();
  OARLOCK_ASSIGN(Tensor* const z, c.output(1, DType::float32, {rows, columns}));
  std::vector<int64_t> chosen(static_cast<size_t>(rows)), votes;
  std::vector<double> scores;
  for (int64_t row = 0; row < rows; ++row) {
    const double* from = x.data() + row * width;
    if (model.vectors == 0) {
      scores.clear();
      for (int64_t k = 0; k < model.classes; ++k)
        scores.push_back(
            attrs.numbers("rho")[0] +
            model.kernel(from, attrs.numbers("coefficients").data() + k * width, width));
      chosen[row] = model.classes == 1
                        ? (scores[0] > 0 ? ClassLabels::kPositive : ClassLabels::kNegative)
                        : std::ranges::max_element(scores) - scores.begin();
      transform_scores(model.transform, scores);
    } else {
      vote(model, attrs, from, width, scores, votes);
      chosen[row] = std::ranges::max_element(votes) - votes.begin();
      if (model.probabilities) scores = probabilities(model, attrs, scores);
      if (scores.size() == 1) {
        scores.insert(scores.begin(), 0.0);
        transform_pair(model.transform, model.transform != ScoreTransform::none,
                       std::span<double, 2>(scores));
      } else {
        transform_scores(model.transform, scores);
      }
    }
    for (int64_t k = 0; k < columns; ++k)
      z->mutable_as<float>()[row * columns + k] = static_cast<float>(scores[k]);
  }
  return model.labels.write(c, chosen);
}

}  // namespace

std::span<const OpDef> ml_svm_ops() {
  static const OpDef defs[] = {
      {.domain = std::string(kMlDomain),
       .name = "SVMClassifier",
       .since_version = 1,
       .attrs = {{"classlabels_ints", AttrKind::integers},
                 {"classlabels_strings", AttrKind::strings},
                 {"coefficients", AttrKind::numbers},
                 {"kernel_params", AttrKind::numbers},
                 {"kernel_type", "LINEAR"},
                 {"post_transform", "NONE"},
                 {"prob_a", AttrKind::numbers},
                 {"prob_b", AttrKind::numbers},
                 {"rho", AttrKind::numbers},
                 {"support_vectors", AttrKind::numbers},
                 {"vectors_per_class", AttrKind::integers}},
       .inputs = 1,
       .outputs = {1, 2},
       .infer = infer_classifier,
       .reference = run_classifier},
      {.domain = std::string(kMlDomain),
       .name = "SVMRegressor",
       .since_version = 1,
       .attrs = {{"coefficients", AttrKind::numbers},
                 {"kernel_params", AttrKind::numbers},
                 {"kernel_type", "LINEAR"},
                 {"n_supports", 0},
                 {"one_class", 0},
                 {"post_transform", "NONE"},
                 {"rho", AttrKind::numbers},
                 {"support_vectors", AttrKind::numbers}},
       .inputs = 1,
       .infer = infer_regressor,
       .reference = run_regressor},
  };
  return defs;
}

}  // namespace oarlock::ops
