#pragma once

#include <cstddef>
#include <cstdint>

namespace oarlock::kernels::cpu {

// A point-wise function that a kernel applies to its results before storing them.
//
//   none          x
//   relu          max(x, 0)
//   clip          min(max(x, alpha), beta)
//   leaky_relu    x < 0 ? alpha * x : x
//   sigmoid       1 / (1 + exp(-x))
//   hard_sigmoid  min(max(alpha * x + beta, 0), 1)
//   hard_swish    x * min(max(x / 6 + 0.5, 0), 1)
//   swish         x / (1 + exp(-alpha * x)); alpha is 1 for SiLU
//   tanh          tanh(x)
//   gelu_erf      0.5 * x * (1 + erf(x / sqrt(2)))
//   gelu_tanh     0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))
//   exp           exp(x)
//   erf           erf(x)
//   elu           x < 0 ? alpha * (exp(x) - 1) : x
//   softplus      log(1 + exp(x))
//   mish          x * tanh(softplus(x))
//
// NaN stays NaN. Errors of the functions: see vector_math-inl.h.
struct Activation {
  enum class Kind : uint8_t {
    none,
    relu,
    clip,
    leaky_relu,
    sigmoid,
    hard_sigmoid,
    hard_swish,
    swish,
    tanh,
    gelu_erf,
    gelu_tanh,
    exp,
    erf,
    elu,
    softplus,
    mish,
  };
  Kind kind = Kind::none;
  float alpha = 0;
  float beta = 0;
};

// output[i] = activation(input[i]) for count elements; output may be input.
void activate(const Activation& activation, const float* input, float* output, size_t count);

}  // namespace oarlock::kernels::cpu
