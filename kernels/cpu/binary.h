#pragma once
// Element-wise operators on two arrays of floats, with broadcasting.

#include <cstdint>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/broadcast.h"

namespace oarlock::kernels::cpu {

// prelu: a where a >= 0, else a * b. pow: std::pow.
enum class BinaryOp : uint8_t { add, sub, mul, div, min, max, pow, prelu };

// out[i] = act(op(a[..], b[..])) for output elements begin <= i < end. `out` may be `a` or `b` when
// that one has the output's shape.
void binary(BinaryOp op, const Broadcast& plan, const float* a, const float* b, float* out,
            int64_t begin, int64_t end, const Activation& activation = {});

// out[i] = condition[..] ? a[..] : b[..]; plan inputs are condition, a, b.
void where(const Broadcast& plan, const bool* condition, const float* a, const float* b, float* out,
           int64_t begin, int64_t end);

}  // namespace oarlock::kernels::cpu
