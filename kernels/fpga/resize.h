#pragma once
// Planes of another size: each result is between two rows and two columns of its plane, which
// tables name; the nearest element is one of them.
//
// Interface: AXI masters x, rows, columns, y, parameters; AXI-Lite offsets in elements. The tables
// have three floats an output row or column: the lower and the upper index, and the upper one's
// weight. II: 4 an element. On chip: registers. DSP: 12.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

enum { RESIZE_PLANES, RESIZE_IN_Y, RESIZE_IN_X, RESIZE_OUT_Y, RESIZE_OUT_X, RESIZE_WORDS };

FPGA_FUNCTION void fpga_resize(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* rows,
                               FPGA_GLOBAL const float* columns, FPGA_GLOBAL float* y,
                               FPGA_GLOBAL const int* parameters) {
  int p[RESIZE_WORDS];
  fpga_load_parameters(parameters, p, RESIZE_WORDS);
  const int width = p[RESIZE_IN_X];
  for (int plane = 0; plane < p[RESIZE_PLANES]; ++plane) {
    const int from = plane * p[RESIZE_IN_Y] * width;
    for (int oy = 0; oy < p[RESIZE_OUT_Y]; ++oy) {
      const int upper = from + (int)rows[3 * oy] * width;
      const int lower = from + (int)rows[3 * oy + 1] * width;
      const float down = rows[3 * oy + 2];
      for (int ox = 0; ox < p[RESIZE_OUT_X]; ++ox) {
#pragma HLS PIPELINE II = 4
        const int left = (int)columns[3 * ox];
        const int right = (int)columns[3 * ox + 1];
        const float across = columns[3 * ox + 2];
        const float above = x[upper + left] + across * (x[upper + right] - x[upper + left]);
        const float below = x[lower + left] + across * (x[lower + right] - x[lower + left]);
        y[(plane * p[RESIZE_OUT_Y] + oy) * p[RESIZE_OUT_X] + ox] =
            down == 0.0f ? above : above + down * (below - above);
      }
    }
  }
}
