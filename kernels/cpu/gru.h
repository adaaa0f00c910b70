#pragma once
// The point-wise part of one GRU step (ONNX GRU with its default activations and
// linear_before_reset).

#include <cstdint>

namespace oarlock::kernels::cpu {

// from_input, from_state: batch x 3 x hidden, ordered update, reset, new: the products of input and
// state with their weights, biases added.
// z = sigmoid(x_z + h_z); r = sigmoid(x_r + h_r); n = tanh(x_n + r * h_n);
// state = (1 - z) * n + z * state. All arrays are dense.
struct GruStep {
  int64_t batch = 1;
  int64_t hidden = 0;
  const float* from_input = nullptr;
  const float* from_state = nullptr;
  float* state = nullptr;
};

void gru_step(const GruStep& step);

}  // namespace oarlock::kernels::cpu
