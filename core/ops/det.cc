// Det (ONNX 22), by elimination with partial pivoting.
#include <cmath>
#include <utility>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 2));
  const Shape& x = c.shape(0);
  if (!agree(x[x.rank() - 2], x.back()))
    return invalid("input X must hold square matrices, but its shape is ", x);
  c.set_output(0, c.dtype(0), Shape(x.dims().first(x.rank() - 2)));
  return {};
}

double determinant(double* a, int64_t n) {
  double result = 1;
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    }
    if (a[pivot * n + k] == 0) return 0;
    if (pivot != k) {
      for (int64_t j = k; j < n; ++j) std::swap(a[k * n + j], a[pivot * n + j]);
      result = -result;
    }
    result *= a[k * n + k];
    for (int64_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (int64_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return result;
}

Status det(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), Shape(shape.dims().first(shape.rank() - 2))));
  const Elements<double> x(c.input(0));
  Results<double> y(*output);
  const int64_t n = shape.back();
  std::vector<double> matrix(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < y.size(); ++i) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    std::copy_n(x.data() + i * n * n, n * n, matrix.begin());
    y[i] = determinant(matrix.data(), n);
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> det_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Det", .since_version = 22, .inputs = 1, .infer = infer, .reference = det},
  };
  return defs;
}

}  // namespace oarlock::ops
