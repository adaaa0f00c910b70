#pragma once
// Arithmetic, comparisons and logic on two arrays of numbers of one type, with broadcasting. What
// floats do beside comparing is in binary.h.

#include <cstdint>

#include "kernels/cpu/broadcast.h"

namespace oarlock::kernels::cpu {

enum class PairOp : uint8_t {
  // On int32, int64: results of the same type. Sums and products wrap around; a quotient is
  // truncated, by zero it is 0.
  add,
  sub,
  mul,
  div,
  min,
  max,
  // On every type: booleans.
  equal,
  greater,
  greater_or_equal,
  less,
  less_or_equal,
  // On booleans.
  logical_and,
  logical_or,
  logical_xor,
};
enum class PairType : uint8_t { boolean, uint8, int8, int32, int64, float32, float64 };

bool has_pair_op(PairOp op, PairType type);

// out[i] = op(a[..], b[..]) for output elements begin <= i < end.
void pairwise(PairOp op, PairType type, const Broadcast& plan, const void* a, const void* b,
              void* out, int64_t begin, int64_t end);

// y[i] = !x[i] for n booleans.
void logical_not(const bool* x, bool* y, int64_t n);

}  // namespace oarlock::kernels::cpu
