#pragma once
// Reductions over one axis of a dense float array seen as outer x length x inner.

#include <cstdint>

namespace oarlock::kernels::cpu {

// log_sum_exp is log(sum(exp(x))), computed without overflow.
enum class ReduceOp : uint8_t {
  sum,
  mean,
  max,
  min,
  prod,
  sum_square,
  l1,
  l2,
  log_sum,
  log_sum_exp,
};

struct ReduceShape {
  int64_t outer = 1;
  int64_t length = 1;  // at least 1 for max, min and mean
  int64_t inner = 1;
};

// Work is counted in units: the result's values in runs of up to 256 along `inner`. Any split of
// the units gives the same bits.
int64_t reduce_units(const ReduceShape& shape);
void reduce(ReduceOp op, const ReduceShape& shape, const float* x, float* y, int64_t unit_begin,
            int64_t unit_end);

// Index of the first (or last) largest or smallest value along the axis.
void arg_extreme(bool largest, bool last, const ReduceShape& shape, const float* x, int64_t* y,
                 int64_t outer_begin, int64_t outer_end);

}  // namespace oarlock::kernels::cpu
