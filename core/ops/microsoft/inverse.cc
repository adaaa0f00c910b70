// Inverse of com.microsoft (1): the inverses of square matrices, by Gauss-Jordan elimination with
// partial pivoting.
#include <cmath>
#include <utility>
#include <vector>

#include "core/ops/microsoft/inputs.h"
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
  c.set_output(0, c.dtype(0), x);
  return {};
}

// Turns [a | e] into [1 | inverse], `a` and `e` of n rows and n columns each; false when a pivot is
// zero or no number.
bool eliminate(double* a, double* e, int64_t n) {
  for (int64_t k = 0; k < n; ++k) {
    int64_t pivot = k;
    for (int64_t i = k + 1; i < n; ++i) {
      if (std::abs(a[i * n + k]) > std::abs(a[pivot * n + k])) pivot = i;
    }
    const double divisor = a[pivot * n + k];
    if (divisor == 0 || std::isnan(divisor)) return false;
    for (double* m : {a, e}) {
      for (int64_t j = 0; j < n; ++j) {
        std::swap(m[k * n + j], m[pivot * n + j]);
        m[k * n + j] /= divisor;
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      const double factor = a[i * n + k];
      if (i == k || factor == 0) continue;
      for (double* m : {a, e}) {
        for (int64_t j = 0; j < n; ++j) m[i * n + j] -= factor * m[k * n + j];
      }
    }
  }
  return true;
}

Status inverse(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), shape));
  const Elements<double> x(c.input(0));
  Results<double> y(*output);
  const int64_t n = shape.back(), area = n * n;
  std::vector<double> matrix(static_cast<size_t>(area)), inverted(static_cast<size_t>(area));
  for (int64_t start = 0; start < y.size(); start += area) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    std::copy_n(x.data() + start, area, matrix.begin());
    std::fill(inverted.begin(), inverted.end(), 0.0);
    for (int64_t i = 0; i < n; ++i) inverted[static_cast<size_t>(i * n + i)] = 1;
    if (!eliminate(matrix.data(), inverted.data(), n))
      return invalid("matrix ", start / area, " of input X has no inverse");
    std::copy_n(inverted.begin(), area, y.data() + start);
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> inverse_ops() {
  static const std::vector<OpDef> defs = {
      {.domain = kMicrosoft, .name = "Inverse", .inputs = 1, .infer = infer, .reference = inverse},
  };
  return defs;
}

}  // namespace oarlock::ops
