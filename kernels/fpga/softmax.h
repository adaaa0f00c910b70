#pragma once
// Softmax over one axis of [outer, length, inner].
//
// Interface: AXI masters x, table, y, parameters; AXI-Lite offsets in elements. II: 1 an element
// and pass; three passes: maximum, sum, result. On chip: a table (8 KiB). DSP: 25.
#include "kernels/fpga/function.h"

enum { SOFTMAX_OUTER, SOFTMAX_LENGTH, SOFTMAX_INNER, SOFTMAX_WORDS };

FPGA_FUNCTION void fpga_softmax(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* table_memory,
                                FPGA_GLOBAL float* y, FPGA_GLOBAL const int* parameters) {
  int p[SOFTMAX_WORDS];
  float table[FPGA_TABLE + 1];
  float sums[FPGA_PARTIAL];
  fpga_load_parameters(parameters, p, SOFTMAX_WORDS);
  fpga_load_table(table_memory, table, FPGA_EXP);
  const int length = p[SOFTMAX_LENGTH];
  const int inner = p[SOFTMAX_INNER];
  for (int outer = 0; outer < p[SOFTMAX_OUTER]; ++outer) {
    for (int column = 0; column < inner; ++column) {
      const int at = outer * length * inner + column;
      float most = x[at];
      for (int i = 0; i < length; ++i) {
#pragma HLS PIPELINE II = 1
        const float value = x[at + i * inner];
        most = value > most ? value : most;
      }
      for (int i = 0; i < FPGA_PARTIAL; ++i) sums[i] = 0.0f;
      for (int i = 0; i < length; ++i) {
#pragma HLS PIPELINE II = 1
        sums[i % FPGA_PARTIAL] += fpga_exp(table, x[at + i * inner] - most);
      }
      for (int i = 1; i < FPGA_PARTIAL; ++i) sums[0] += sums[i];
      for (int i = 0; i < length; ++i) {
#pragma HLS PIPELINE II = 1
        y[at + i * inner] = fpga_exp(table, x[at + i * inner] - most) / sums[0];
      }
    }
  }
}
