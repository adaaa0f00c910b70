#pragma once
// Walking over several axes with one counter each, without dividing.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

// Counts `index` up, the last axis fastest.
FPGA_FUNCTION void fpga_next_index(int* index, const int* extents) {
  int carry = 1;
  for (int axis = FPGA_AXES - 1; axis >= 0; --axis) {
#pragma HLS UNROLL
    const int next = index[axis] + carry;
    carry = next == extents[axis];
    index[axis] = carry ? 0 : next;
  }
}

FPGA_FUNCTION int fpga_dot(const int* index, const int* strides) {
  int sum = 0;
  for (int axis = 0; axis < FPGA_AXES; ++axis) {
#pragma HLS UNROLL
    sum += index[axis] * strides[axis];
  }
  return sum;
}
