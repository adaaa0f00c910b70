#pragma once
// Element-wise functions of one float that are not activations (those: activation.h).

#include <cstdint>

namespace oarlock::kernels::cpu {

// round: half to even. sign: -1, 0, 1. softplus: log(1 + exp(x)). mish: x * tanh(softplus(x)).
enum class UnaryOp : uint8_t {
  abs,
  neg,
  reciprocal,
  sqrt,
  floor,
  ceil,
  round,
  sign,
  log,
  softplus,
  softsign,
  mish,
  sin,
  cos,
  square,
};

// y[i] = op(x[i]) for n values; y may be x.
void unary(UnaryOp op, const float* x, float* y, int64_t n);

}  // namespace oarlock::kernels::cpu
