#include "kernels/cpu/taps.h"

namespace oarlock::kernels::cpu {
namespace {

float sum_of(const PlaneTaps& taps, const float* x) {
  float sum = 0;
  for (int k = 0; k < 4; ++k)
    if (taps.at[k] >= 0) sum += taps.weight[k] * x[taps.at[k]];
  return sum;
}

}  // namespace

void sample_planes(const PlaneTaps* taps, int64_t points, const float* x, int64_t plane,
                   int64_t channels, float* y, int64_t y_stride) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < points; ++i) y[c * y_stride + i] = sum_of(taps[i], x + c * plane);
}

void add_samples(const PlaneTaps* taps, int64_t count, int64_t sums, float factor, const float* x,
                 int64_t plane, int64_t channels, float* y, int64_t y_stride) {
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < sums; ++i) {
      float sum = 0;
      for (int64_t k = 0; k < count; ++k) sum += sum_of(taps[i * count + k], x + c * plane);
      y[c * y_stride + i] += factor * sum;
    }
}

}  // namespace oarlock::kernels::cpu
