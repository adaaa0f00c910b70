#pragma once
// The point-wise part of one LSTM step (ONNX LSTM with its default activations).

#include <cstdint>

namespace oarlock::kernels::cpu {

// gates: batch x 4 x hidden, ordered input, output, forget, cell, before their activations.
// peephole: 3 x hidden ordered input, output, forget, or none.
// cell = sigmoid(f) * cell_before + sigmoid(i) * tanh(c); out = sigmoid(o) * tanh(cell).
// cell may be cell_before. All arrays are dense except for the stated batch strides.
struct LstmStep {
  int64_t batch = 1;
  int64_t hidden = 0;
  const float* gates = nullptr;
  int64_t gates_stride = 0;
  const float* peephole = nullptr;
  const float* cell_before = nullptr;
  float* cell = nullptr;
  float* out = nullptr;
  int64_t out_stride = 0;
};

void lstm_step(const LstmStep& step);

}  // namespace oarlock::kernels::cpu
