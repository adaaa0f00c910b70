#pragma once
// Interpolation between four elements of planes, the same places in every channel.

#include <cstdint>

namespace oarlock::kernels::cpu {

// Four elements of a plane and their weights; those at -1 count as zero.
struct PlaneTaps {
  int64_t at[4] = {-1, -1, -1, -1};
  float weight[4] = {};
};

// y[c * y_stride + i] = the sum of point i's taps in channel c, for `points` points.
void sample_planes(const PlaneTaps* taps, int64_t points, const float* x, int64_t plane,
                   int64_t channels, float* y, int64_t y_stride);

// y[c * y_stride + i] += factor * the sum of the taps of points [i * count, (i + 1) * count) in
// channel c, for `sums` sums.
void add_samples(const PlaneTaps* taps, int64_t count, int64_t sums, float factor, const float* x,
                 int64_t plane, int64_t channels, float* y, int64_t y_stride);

}  // namespace oarlock::kernels::cpu
