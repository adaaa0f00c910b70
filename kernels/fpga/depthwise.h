#pragma once
// Depthwise convolution: every filter sees one channel; `multiplier` filters in a row see the same.
//   y[c] = function(conv(x[c / multiplier], weights[c]) + bias[c] + residual[c])
//
// Interface: AXI masters x, weights, bias, residual, table, y, parameters; AXI-Lite offsets in
// elements. II: 1 a tap and output. On chip: LINE_ROWS x LINE_WIDTH words (64 KiB), a window, a
// table. DSP: 5 for the product and its sum, 8 for the function.
#include "kernels/fpga/function.h"
#include "kernels/fpga/lines.h"

enum {
  DEPTHWISE_BATCH,
  DEPTHWISE_FILTERS,
  DEPTHWISE_MULTIPLIER,
  DEPTHWISE_BIAS,
  DEPTHWISE_RESIDUAL,
  DEPTHWISE_WINDOW,
  DEPTHWISE_FUNCTION = DEPTHWISE_WINDOW + WINDOW_WORDS,
  DEPTHWISE_WORDS = DEPTHWISE_FUNCTION + FUNCTION_WORDS
};

FPGA_FUNCTION float fpga_depthwise_at(const float lines[FPGA_LINE_ROWS][FPGA_LINE_WIDTH],
                                      const float* window, const int* w, int oy, int ox) {
  const int top = oy * w[WINDOW_STRIDE_Y] - w[WINDOW_PAD_Y];
  const int left = ox * w[WINDOW_STRIDE_X] - w[WINDOW_PAD_X];
  float sum = 0.0f;
  for (int ky = 0; ky < w[WINDOW_KERNEL_Y]; ++ky) {
    for (int kx = 0; kx < w[WINDOW_KERNEL_X]; ++kx) {
#pragma HLS PIPELINE II = 1
      const int y = top + ky * w[WINDOW_DILATION_Y];
      const int x = left + kx * w[WINDOW_DILATION_X];
      if (y >= 0 && y < w[WINDOW_IN_Y] && x >= 0 && x < w[WINDOW_IN_X])
        sum += window[ky * w[WINDOW_KERNEL_X] + kx] * lines[y % FPGA_LINE_ROWS][x];
    }
  }
  return sum;
}

FPGA_FUNCTION void fpga_depthwise(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* weights,
                                  FPGA_GLOBAL const float* bias, FPGA_GLOBAL const float* residual,
                                  FPGA_GLOBAL const float* table_memory, FPGA_GLOBAL float* y,
                                  FPGA_GLOBAL const int* parameters) {
  int p[DEPTHWISE_WORDS];
  float table[FPGA_TABLE + 1];
  float lines[FPGA_LINE_ROWS][FPGA_LINE_WIDTH];
  float window[FPGA_WINDOW];
  fpga_load_parameters(parameters, p, DEPTHWISE_WORDS);
  fpga_load_table(table_memory, table, p[DEPTHWISE_FUNCTION]);
  const int* w = p + DEPTHWISE_WINDOW;
  const int taps = w[WINDOW_KERNEL_Y] * w[WINDOW_KERNEL_X];
  const int in_pixels = w[WINDOW_IN_Y] * w[WINDOW_IN_X];
  const int out_pixels = w[WINDOW_OUT_Y] * w[WINDOW_OUT_X];
  const int filters = p[DEPTHWISE_FILTERS];
  for (int plane = 0; plane < p[DEPTHWISE_BATCH] * filters; ++plane) {
    const int filter = plane % filters;
    const int from = plane / p[DEPTHWISE_MULTIPLIER] * in_pixels;
    const float add = p[DEPTHWISE_BIAS] ? bias[filter] : 0.0f;
    int next = 0;
    for (int i = 0; i < taps; ++i) {
#pragma HLS PIPELINE II = 1
      window[i] = weights[filter * taps + i];
    }
    for (int oy = 0; oy < w[WINDOW_OUT_Y]; ++oy) {
      next = fpga_load_lines(x + from, w, oy, next, lines);
      for (int ox = 0; ox < w[WINDOW_OUT_X]; ++ox) {
        const int at = plane * out_pixels + oy * w[WINDOW_OUT_X] + ox;
        float value = fpga_depthwise_at(lines, window, w, oy, ox) + add;
        if (p[DEPTHWISE_RESIDUAL]) value += residual[at];
        y[at] = fpga_apply(p + DEPTHWISE_FUNCTION, table, value);
      }
    }
  }
}
