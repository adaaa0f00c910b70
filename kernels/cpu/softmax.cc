#include "kernels/cpu/softmax.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/softmax.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

struct ShiftedExp {
  VecF32 shift;
  HWY_INLINE VecF32 operator()(VecF32 v) const { return exp_f32(F32(), hn::Sub(v, shift)); }
};

void softmax_row(const float* x, float* y, int64_t n, bool log) {
  const float peak = row_max(x, n);
  if (log) {
    const ShiftedExp map{hn::Set(F32(), peak)};
    const float sum = row_map_sum(x, n, -std::numeric_limits<float>::infinity(), map);
    row_affine(x, y, n, 1.0f, -peak - std::log(sum));
    return;
  }
  const float sum = row_exp_sum(x, y, n, peak);
  row_affine(y, y, n, 1.0f / sum, 0.0f);
}

// Columns side by side, `width` of them at most kColumns.
constexpr int64_t kColumns = 64;

void softmax_columns(const float* x, float* y, int64_t length, int64_t stride, int64_t width,
                     bool log) {
  float peak[kColumns];
  float sum[kColumns];
  std::copy(x, x + width, peak);
  for (int64_t k = 1; k < length; ++k)
    for (int64_t j = 0; j < width; ++j) peak[j] = std::max(peak[j], x[k * stride + j]);
  std::fill(sum, sum + width, 0.0f);
  float column[kColumns];
  for (int64_t k = 0; k < length; ++k) {
    for (int64_t j = 0; j < width; ++j) column[j] = x[k * stride + j] - peak[j];
    row_exp_sum(column, log ? column : y + k * stride, width, 0.0f);
    const float* e = log ? column : y + k * stride;
    for (int64_t j = 0; j < width; ++j) sum[j] += e[j];
  }
  if (log) {
    for (int64_t j = 0; j < width; ++j) sum[j] = peak[j] + std::log(sum[j]);
    for (int64_t k = 0; k < length; ++k)
      for (int64_t j = 0; j < width; ++j) y[k * stride + j] = x[k * stride + j] - sum[j];
  } else {
    for (int64_t j = 0; j < width; ++j) sum[j] = 1.0f / sum[j];
    for (int64_t k = 0; k < length; ++k)
      for (int64_t j = 0; j < width; ++j) y[k * stride + j] *= sum[j];
  }
}

void softmax_range(const SoftmaxShape& shape, const float* x, float* y, int64_t outer_begin,
                   int64_t outer_end, bool log) {
  const int64_t slice = shape.length * shape.inner;
  for (int64_t o = outer_begin; o < outer_end; ++o) {
    const float* from = x + o * slice;
    float* to = y + o * slice;
    if (shape.inner == 1) {
      softmax_row(from, to, shape.length, log);
      continue;
    }
    for (int64_t j = 0; j < shape.inner; j += kColumns)
      softmax_columns(from + j, to + j, shape.length, shape.inner,
                      std::min(kColumns, shape.inner - j), log);
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(softmax_range);

void softmax(const SoftmaxShape& shape, const float* x, float* y, int64_t outer_begin,
             int64_t outer_end, bool log) {
  OARLOCK_DISPATCH(softmax_range)(shape, x, y, outer_begin, outer_end, log);
}
}  // namespace oarlock::kernels::cpu
#endif
