#pragma once
// Rows of one plane of an image kept on chip while a window slides down over it. Row r lies in line
// r % FPGA_LINE_ROWS, so each row is read from memory once.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

// Words of a parameter block that describe a sliding window.
enum {
  WINDOW_IN_Y,
  WINDOW_IN_X,  // at most FPGA_LINE_WIDTH
  WINDOW_OUT_Y,
  WINDOW_OUT_X,
  WINDOW_KERNEL_Y,  // (KERNEL_Y - 1) * DILATION_Y < FPGA_LINE_ROWS
  WINDOW_KERNEL_X,
  WINDOW_STRIDE_Y,
  WINDOW_STRIDE_X,
  WINDOW_DILATION_Y,
  WINDOW_DILATION_X,
  WINDOW_PAD_Y,
  WINDOW_PAD_X,
  WINDOW_WORDS
};

// Brings the rows from `next` up to the last one that output row `oy` needs; returns the new next.
FPGA_FUNCTION int fpga_load_lines(FPGA_GLOBAL const float* plane, const int* w, int oy, int next,
                                  float lines[FPGA_LINE_ROWS][FPGA_LINE_WIDTH]) {
  const int first = oy * w[WINDOW_STRIDE_Y] - w[WINDOW_PAD_Y];
  const int end =
      fpga_min(first + (w[WINDOW_KERNEL_Y] - 1) * w[WINDOW_DILATION_Y] + 1, w[WINDOW_IN_Y]);
  int row = fpga_max(next, first);
  for (; row < end; ++row) {
    for (int x = 0; x < w[WINDOW_IN_X]; ++x) {
#pragma HLS PIPELINE II = 1
      lines[row % FPGA_LINE_ROWS][x] = plane[row * w[WINDOW_IN_X] + x];
    }
  }
  return fpga_max(row, next);
}
