#pragma once
// y = clamp(round(x / scale) + zero), 8-bit integers of float32, with a scale and a zero point for
// every index of one axis or for all.
//
// Interface: AXI masters x, scales, y, parameters; AXI-Lite offsets in elements. Scales are pairs
// of scale and zero point. II: 1 an element. On chip: registers. DSP: 8.
#include "kernels/fpga/portable.h"

enum {
  QUANTIZE_COUNT,
  QUANTIZE_INNER,  // elements that follow each other with the same scale
  QUANTIZE_SCALES,
  QUANTIZE_LEAST,
  QUANTIZE_MOST,
  QUANTIZE_WORDS
};

FPGA_FUNCTION void fpga_quantize(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* scales,
                                 FPGA_GLOBAL unsigned char* y, FPGA_GLOBAL const int* parameters) {
  int p[QUANTIZE_WORDS];
  fpga_load_parameters(parameters, p, QUANTIZE_WORDS);
  int inner = 0;
  int channel = 0;
  for (int i = 0; i < p[QUANTIZE_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    y[i] = (unsigned char)fpga_to_integer(x[i] / scales[2 * channel], (int)scales[2 * channel + 1],
                                          p[QUANTIZE_LEAST], p[QUANTIZE_MOST]);
    ++inner;
    if (inner == p[QUANTIZE_INNER]) {
      inner = 0;
      channel = channel + 1 == p[QUANTIZE_SCALES] ? 0 : channel + 1;
    }
  }
}
