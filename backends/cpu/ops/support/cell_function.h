#pragma once

#include <string_view>
#include <vector>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

// One of the activation functions of LSTM, GRU and RNN with its parameters.
class CellFunction {
 public:
  enum class Kind : uint8_t {
    activation,   // one of the kernels'
    affine,       // alpha * x + beta
    scaled_tanh,  // alpha * tanh(beta * x)
    softsign,
    thresholded_relu,  // x >= alpha ? x : 0
  };
  Kind kind = Kind::activation;
  kernels::cpu::Activation activation;
  float alpha = 0, beta = 0;

  // n values in place.
  void apply(float* x, int64_t n) const;
};

// All functions of a node, direction by direction, from its attributes or the defaults of `op`.
Result<std::vector<CellFunction>> cell_functions(const Attrs& attrs, std::string_view op,
                                                 size_t directions);

}  // namespace oarlock::cpu
