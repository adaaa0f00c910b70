#pragma once
// Softmax and log-softmax over one axis of a dense float array seen as outer x length x inner.

#include <cstdint>

namespace oarlock::kernels::cpu {

struct SoftmaxShape {
  int64_t outer = 1;
  int64_t length = 1;  // of the axis
  int64_t inner = 1;
};

// Computes slices outer_begin <= o < outer_end; y may be x. `log` gives the logarithm of the
// result.
void softmax(const SoftmaxShape& shape, const float* x, float* y, int64_t outer_begin,
             int64_t outer_end, bool log);

}  // namespace oarlock::kernels::cpu
