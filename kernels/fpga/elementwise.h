#pragma once
// y = function(a op b), a and b broadcast by strides of 0; or of a alone.
//
// Interface: AXI masters a, b, table, y, parameters; AXI-Lite offsets in elements. II: 1 an
// element. On chip: a table (8 KiB). DSP: 30, of which the divider takes most.
#include "kernels/fpga/function.h"
#include "kernels/fpga/walk.h"

enum {
  ELEMENTWISE_FIRST,  // a
  ELEMENTWISE_ADD,
  ELEMENTWISE_SUBTRACT,
  ELEMENTWISE_MULTIPLY,
  ELEMENTWISE_DIVIDE,
  ELEMENTWISE_MAXIMUM,  // NaN if either is
  ELEMENTWISE_MINIMUM,
  ELEMENTWISE_PRELU,  // a < 0 ? a * b : a
  ELEMENTWISE_OPS
};

enum {
  ELEMENTWISE_OP,
  ELEMENTWISE_COUNT,
  ELEMENTWISE_EXTENTS,
  ELEMENTWISE_A = ELEMENTWISE_EXTENTS + FPGA_AXES,  // strides
  ELEMENTWISE_B = ELEMENTWISE_A + FPGA_AXES,
  ELEMENTWISE_FUNCTION = ELEMENTWISE_B + FPGA_AXES,
  ELEMENTWISE_WORDS = ELEMENTWISE_FUNCTION + FUNCTION_WORDS
};

FPGA_FUNCTION float fpga_combine(int op, float a, float b) {
  switch (op) {
    case ELEMENTWISE_ADD:
      return a + b;
    case ELEMENTWISE_SUBTRACT:
      return a - b;
    case ELEMENTWISE_MULTIPLY:
      return a * b;
    case ELEMENTWISE_DIVIDE:
      return a / b;
    case ELEMENTWISE_MAXIMUM:
      return a >= b || a != a ? a : b;
    case ELEMENTWISE_MINIMUM:
      return a <= b || a != a ? a : b;
    case ELEMENTWISE_PRELU:
      return a < 0.0f ? a * b : a;
    default:
      return a;
  }
}

FPGA_FUNCTION void fpga_elementwise(FPGA_GLOBAL const float* a, FPGA_GLOBAL const float* b,
                                    FPGA_GLOBAL const float* table_memory, FPGA_GLOBAL float* y,
                                    FPGA_GLOBAL const int* parameters) {
  int p[ELEMENTWISE_WORDS];
  int index[FPGA_AXES];
  float table[FPGA_TABLE + 1];
  fpga_load_parameters(parameters, p, ELEMENTWISE_WORDS);
  fpga_load_table(table_memory, table, p[ELEMENTWISE_FUNCTION]);
  for (int i = 0; i < FPGA_AXES; ++i) index[i] = 0;
  for (int i = 0; i < p[ELEMENTWISE_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    const float left = a[fpga_dot(index, p + ELEMENTWISE_A)];
    const float right =
        p[ELEMENTWISE_OP] == ELEMENTWISE_FIRST ? 0.0f : b[fpga_dot(index, p + ELEMENTWISE_B)];
    y[i] =
        fpga_apply(p + ELEMENTWISE_FUNCTION, table, fpga_combine(p[ELEMENTWISE_OP], left, right));
    fpga_next_index(index, p + ELEMENTWISE_EXTENTS);
  }
}
