#pragma once
// Functions of one float that are neither activations (activation.h) nor in unary.h.

#include <cstdint>

namespace oarlock::kernels::cpu {

// celu: max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0). selu: beta * x where x > 0, else
// beta * alpha * (exp(x) - 1). shrink: x + beta below -alpha, x - beta above alpha, else 0.
// thresholded_relu: x where x > alpha, else 0. Errors: at most 4 ulp.
enum class MathFunction : uint8_t {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  celu,
  cosh,
  selu,
  shrink,
  sinh,
  tan,
  thresholded_relu,
};

struct Function {
  MathFunction kind;
  float alpha = 0, beta = 0;
};

// y[i] = f(x[i]) for n values; y may be x.
void apply(const Function& f, const float* x, float* y, int64_t n);

}  // namespace oarlock::kernels::cpu
