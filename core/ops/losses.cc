// NegativeLogLikelihoodLoss (ONNX 22) and SoftmaxCrossEntropyLoss (ONNX 13).
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "core/ops/support/arguments.h"
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_min_rank(c, 0, "input", 2));
  OARLOCK_TRY(check_integers(c, 1));
  Shape labels = c.shape(0);
  labels.erase(1);
  OARLOCK_TRY(expect_shape(c, 1, "target", labels));
  OARLOCK_TRY(expect_optional(c, 2, "weight", c.dtype(0), {c.shape(0)[1]}));
  const std::string& reduction = c.attrs().string("reduction");
  if (reduction != "none" && reduction != "mean" && reduction != "sum")
    return invalid("attribute reduction must be none, mean or sum, but is ", reduction);
  c.set_output(0, c.dtype(0), reduction == "none" ? labels : Shape{});
  c.set_output(1, c.dtype(0), c.shape(0));
  return {};
}

// Logarithms of the softmax along axis 1 of [batch, classes, inner].
std::vector<double> log_softmax(const Elements<double>& x, int64_t batch, int64_t classes,
                                int64_t inner) {
  std::vector<double> y(static_cast<size_t>(x.size()));
  for (int64_t line = 0; line < (classes == 0 ? 0 : batch * inner); ++line) {
    const int64_t start = line / inner * classes * inner + line % inner;
    double most = x[start];
    for (int64_t k = 1; k < classes; ++k) most = std::max(most, x[start + k * inner]);
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) sum += std::exp(x[start + k * inner] - most);
    for (int64_t k = 0; k < classes; ++k)
      y[start + k * inner] = x[start + k * inner] - most - std::log(sum);
  }
  return y;
}

Status loss(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const DType dtype = c.input(0).dtype();
  const int64_t batch = shape[0], classes = shape[1];
  const int64_t inner = extent_product(shape, 2, shape.rank());
  const Elements<double> x(c.input(0));
  std::vector<double> logs;
  if (c.node().op == "SoftmaxCrossEntropyLoss") {
    logs = log_softmax(x, batch, classes, inner);
    if (c.has_output(1)) {
      OARLOCK_ASSIGN(Tensor* const tensor, c.output(1, dtype, shape));
      Results<double> out(*tensor);
      std::copy(logs.begin(), logs.end(), out.data());
      out.store();
    }
  }
  const double* log_probability = logs.empty() ? x.data() : logs.data();
  Elements<double> weight;
  if (c.has_input(2)) weight = Elements<double>(c.input(2));
  std::optional<int64_t> ignored;
  if (c.attrs().has("ignore_index")) ignored = c.attrs().integer("ignore_index");
  const std::string& reduction = c.attrs().string("reduction");
  Shape labels = shape;
  labels.erase(1);
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, reduction == "none" ? labels : Shape{}));
  Results<double> y(*output);
  double sum = 0, weights = 0;
  for (int64_t i = 0; i < batch * inner; ++i) {
    const int64_t label = integer_at(c.input(1), i);
    double value = 0;
    if (label != ignored) {
      if (label < 0 || label >= classes)
        return invalid("input target has the class ", label, " at position ", i, "; there are ",
                       classes, " classes");
      const double factor = weight.empty() ? 1 : weight[label];
      value = -log_probability[(i / inner * classes + label) * inner + i % inner] * factor;
      weights += factor;
    }
    sum += value;
    if (reduction == "none") y[i] = value;
  }
  if (reduction == "sum") y[0] = sum;
  if (reduction == "mean") y[0] = sum / weights;
  y.store();
  return {};
}

OpDef make(std::string name, int version, Arity outputs) {
  return {.name = std::move(name),
          .since_version = version,
          .attrs = {{"ignore_index", AttrKind::integer}, {"reduction", "mean"}},
          .inputs = {2, 3},
          .outputs = outputs,
          .infer = infer,
          .reference = loss};
}

}  // namespace

std::span<const OpDef> losses_ops() {
  static const std::vector<OpDef> defs = {
      make("NegativeLogLikelihoodLoss", 22, 1),
      make("SoftmaxCrossEntropyLoss", 13, {1, 2}),
  };
  return defs;
}

}  // namespace oarlock::ops
