#pragma once
// Maximum and average over sliding windows, and over whole planes.
//
// Interface: AXI masters x, y, parameters; AXI-Lite offsets in elements. II: 1 an element of a
// window. On chip: LINE_ROWS x LINE_WIDTH words (64 KiB). DSP: 4. A maximum of which a number is
// NaN is NaN or not, as in the order of comparisons; an average divides by the count in its window.
#include "kernels/fpga/lines.h"

enum { POOL_MAX, POOL_AVERAGE, POOL_AVERAGE_WITH_PADDING };

enum {
  POOL_KIND,
  POOL_PLANES,
  POOL_GLOBAL,     // whole planes of IN_Y * IN_X elements, however large
  POOL_PAD_END_Y,  // for averages that count padding: it ends there
  POOL_PAD_END_X,
  POOL_WINDOW,
  POOL_WORDS = POOL_WINDOW + WINDOW_WORDS
};

// One result. Row y and column x lie at lines[y % rows * row_step + x * step].
FPGA_FUNCTION float fpga_pool_at(const float* lines, int rows, int row_step, int step, const int* p,
                                 int oy, int ox) {
  const int* w = p + POOL_WINDOW;
  const int top = oy * w[WINDOW_STRIDE_Y] - w[WINDOW_PAD_Y];
  const int left = ox * w[WINDOW_STRIDE_X] - w[WINDOW_PAD_X];
  float sum = 0.0f;
  float most = -fpga_as_float(0x7f800000);
  int inside = 0;
  int reached = 0;
  for (int ky = 0; ky < w[WINDOW_KERNEL_Y]; ++ky) {
    for (int kx = 0; kx < w[WINDOW_KERNEL_X]; ++kx) {
#pragma HLS PIPELINE II = 1
      const int y = top + ky * w[WINDOW_DILATION_Y];
      const int x = left + kx * w[WINDOW_DILATION_X];
      if (y < w[WINDOW_IN_Y] + p[POOL_PAD_END_Y] && x < w[WINDOW_IN_X] + p[POOL_PAD_END_X])
        ++reached;
      if (y >= 0 && y < w[WINDOW_IN_Y] && x >= 0 && x < w[WINDOW_IN_X]) {
        const float value = lines[y % rows * row_step + x * step];
        sum += value;
        most = value > most ? value : most;
        ++inside;
      }
    }
  }
  if (p[POOL_KIND] == POOL_MAX) return most;
  return sum / (float)fpga_max(p[POOL_KIND] == POOL_AVERAGE ? inside : reached, 1);
}

FPGA_FUNCTION float fpga_pool_plane(FPGA_GLOBAL const float* x, int kind, int count) {
  float sums[FPGA_PARTIAL];
  float most = x[0];
  for (int i = 0; i < FPGA_PARTIAL; ++i) sums[i] = 0.0f;
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II = 1
    const float value = x[i];
    sums[i % FPGA_PARTIAL] += value;
    most = value > most ? value : most;
  }
  for (int i = 1; i < FPGA_PARTIAL; ++i) sums[0] += sums[i];
  return kind == POOL_MAX ? most : sums[0] / (float)count;
}

FPGA_FUNCTION void fpga_pool(FPGA_GLOBAL const float* x, FPGA_GLOBAL float* y,
                             FPGA_GLOBAL const int* parameters) {
  int p[POOL_WORDS];
  float lines[FPGA_LINE_ROWS][FPGA_LINE_WIDTH];
  fpga_load_parameters(parameters, p, POOL_WORDS);
  const int* w = p + POOL_WINDOW;
  const int in_pixels = w[WINDOW_IN_Y] * w[WINDOW_IN_X];
  const int out_pixels = w[WINDOW_OUT_Y] * w[WINDOW_OUT_X];
  for (int plane = 0; plane < p[POOL_PLANES]; ++plane) {
    if (p[POOL_GLOBAL]) {
      y[plane] = fpga_pool_plane(x + plane * in_pixels, p[POOL_KIND], in_pixels);
    } else {
      int next = 0;
      for (int oy = 0; oy < w[WINDOW_OUT_Y]; ++oy) {
        next = fpga_load_lines(x + plane * in_pixels, w, oy, next, lines);
        for (int ox = 0; ox < w[WINDOW_OUT_X]; ++ox)
          y[plane * out_pixels + oy * w[WINDOW_OUT_X] + ox] =
              fpga_pool_at(&lines[0][0], FPGA_LINE_ROWS, FPGA_LINE_WIDTH, 1, p, oy, ox);
      }
    }
  }
}
