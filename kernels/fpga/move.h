#pragma once
// Moves elements of 32 bits: transposing, slicing, reversing, expanding, joining, padding. For
// every index of the axes,
//   y[start + sum_i index_i * to_i] = x[from_start + sum_i (index_i - begin_i) * from_i]
// or the value of padding where index_i - begin_i is outside [0, inside_i). Wider elements are
// several words, an axis of their own.
//
// Interface: AXI masters x, y, parameters; AXI-Lite offsets in elements. II: 1 an element. On chip:
// registers. DSP: 3 for each axis.
#include "kernels/fpga/walk.h"

enum {
  MOVE_COUNT,
  MOVE_VALUE,
  MOVE_FROM_START,
  MOVE_TO_START,
  MOVE_EXTENTS,
  MOVE_BEGIN = MOVE_EXTENTS + FPGA_AXES,
  MOVE_INSIDE = MOVE_BEGIN + FPGA_AXES,
  MOVE_FROM = MOVE_INSIDE + FPGA_AXES,
  MOVE_TO = MOVE_FROM + FPGA_AXES,
  MOVE_WORDS = MOVE_TO + FPGA_AXES
};

FPGA_FUNCTION void fpga_move(FPGA_GLOBAL const int* x, FPGA_GLOBAL int* y,
                             FPGA_GLOBAL const int* parameters) {
  int p[MOVE_WORDS];
  int index[FPGA_AXES];
  fpga_load_parameters(parameters, p, MOVE_WORDS);
  for (int i = 0; i < FPGA_AXES; ++i) index[i] = 0;
  for (int i = 0; i < p[MOVE_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    int inside = 1;
    int from = p[MOVE_FROM_START];
    for (int axis = 0; axis < FPGA_AXES; ++axis) {
#pragma HLS UNROLL
      const int at = index[axis] - p[MOVE_BEGIN + axis];
      inside = inside && at >= 0 && at < p[MOVE_INSIDE + axis];
      from += inside ? at * p[MOVE_FROM + axis] : 0;
    }
    y[p[MOVE_TO_START] + fpga_dot(index, p + MOVE_TO)] = inside ? x[from] : p[MOVE_VALUE];
    fpga_next_index(index, p + MOVE_EXTENTS);
  }
}
