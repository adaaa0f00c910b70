#pragma once

#include <vector>

#include "core/ops/support/types.h"

// Shared by the operators of domain ai.onnx.ml, whose inputs are rows of features: [N, F], or [F]
// for one row.
namespace oarlock::ops {

inline constexpr std::string_view kMlDomain = "ai.onnx.ml";

using FeatureTypes = Types<float, double, int64_t, int32_t>;

// That input i holds rows of features.
Status check_rows(const InferContext& c, size_t i = 0);
inline int64_t row_count(const Shape& shape) { return shape.rank() == 1 ? 1 : shape[0]; }
inline int64_t row_width(const Shape& shape) { return shape.back(); }

// That a list of one number for each feature has one element, or as many as the rows.
Status check_feature_list(const InferContext& c, std::string_view name, size_t length);

// The classes of a classifier: exactly one of two attributes lists them.
class ClassLabels {
 public:
  static Result<ClassLabels> of(const Attrs& attrs, std::string_view integers,
                                std::string_view strings);
  DType dtype() const { return texts_.empty() ? DType::int64 : DType::string; }
  size_t size() const { return texts_.empty() ? numbers_.size() : texts_.size(); }
  // Output 0: for each row the label with this index. kNegative and kPositive stand for 0 and 1 (as
  // a string too), for classifiers of one class.
  static constexpr int64_t kNegative = -1, kPositive = -2;
  Status write(RunContext& c, std::span<const int64_t> rows) const;

 private:
  std::vector<int64_t> numbers_;
  std::vector<std::string> texts_;
};

// What happens to the scores of a row: attribute post_transform.
enum class ScoreTransform : uint8_t { none, softmax, logistic, softmax_zero, probit };
Result<ScoreTransform> score_transform(std::string_view name);
void transform_scores(ScoreTransform transform, std::span<double> scores);
// 1 / (1 + exp(-x)), without overflow.
double logistic(double x);

// The only score x of a classifier of two classes, in scores[1], becomes a score for each class:
// after LOGISTIC and PROBIT those of -x and x; without and with SOFTMAX, which then does nothing
// more, (1 - x, x) if they are `complements`, else (-x, x).
void transform_pair(ScoreTransform transform, bool complements, std::span<double, 2> scores);

}  // namespace oarlock::ops
