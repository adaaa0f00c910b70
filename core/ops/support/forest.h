#pragma once

#include <string>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/ops/support/features.h"

namespace oarlock::ops {

// Decision trees of domain ai.onnx.ml: what each leaf adds to which targets. Features and
// thresholds are compared in double precision.
class Forest {
 public:
  // From the attributes of TreeEnsembleClassifier and -Regressor (nodes_*); those of the leaves
  // begin with `leaf` ("class" or "target").
  static Result<Forest> of_nodes(const Attrs& attrs, std::string_view leaf, int64_t targets);
  // From the attributes of TreeEnsemble.
  static Result<Forest> of_ensemble(const Attrs& attrs, int64_t targets);

  enum class Aggregate : uint8_t { average, sum, min, max };
  // Writes a score for each target (0 where no leaf has one). Fails on a row that walks in a
  // circle.
  Status score(const double* row, Aggregate aggregate, std::span<double> scores) const;
  // That rows are wide enough for every feature.
  Status check_width(int64_t width) const;

 private:
  enum class Mode : uint8_t { leq, lt, gte, gt, eq, neq, member, leaf };
  struct Node {
    Mode mode = Mode::leaf;
    bool missing_is_true = false;  // which way NaN goes
    int64_t feature = 0;
    double threshold = 0;
    size_t on_true = 0, on_false = 0;
    size_t first = 0, count = 0;  // of members_ or weights_
  };
  struct Weight {
    size_t target;
    double value;
  };
  bool goes_true(const Node& node, double x) const;

  std::vector<Node> nodes_;
  std::vector<size_t> roots_;
  std::vector<Weight> weights_;
  std::vector<double> members_;
};

// The numbers of attribute `name` or of the tensor in `name`_as_tensor; empty when there is none.
std::vector<double> numbers_or_tensor(const Attrs& attrs, std::string_view name);

}  // namespace oarlock::ops
