#pragma once
// y = (x - zero) * scale as float32, of elements of 8 bits: images, values of boolean type, and
// quantized tensors with a scale and a zero point for every index of one axis or for all.
//
// Interface: AXI masters x, scales, y, parameters; AXI-Lite offsets in elements. Scales are pairs
// of scale and zero point. II: 1 an element. On chip: registers. DSP: 5.
#include "kernels/fpga/portable.h"

enum {
  CONVERT_COUNT,
  CONVERT_SIGNED,
  CONVERT_SCALES,  // 0: none, y = x
  CONVERT_INNER,   // elements that follow each other with the same scale
  CONVERT_WORDS
};

FPGA_FUNCTION void fpga_convert(FPGA_GLOBAL const unsigned char* x, FPGA_GLOBAL const float* scales,
                                FPGA_GLOBAL float* y, FPGA_GLOBAL const int* parameters) {
  int p[CONVERT_WORDS];
  fpga_load_parameters(parameters, p, CONVERT_WORDS);
  int inner = 0;
  int channel = 0;
  for (int i = 0; i < p[CONVERT_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    const int byte = x[i];
    float value = (float)(p[CONVERT_SIGNED] && byte > 127 ? byte - 256 : byte);
    if (p[CONVERT_SCALES] > 0) {
      value = (value - scales[2 * channel + 1]) * scales[2 * channel];
      ++inner;
      if (inner == p[CONVERT_INNER]) {
        inner = 0;
        channel = channel + 1 == p[CONVERT_SCALES] ? 0 : channel + 1;
      }
    }
    y[i] = value;
  }
}
