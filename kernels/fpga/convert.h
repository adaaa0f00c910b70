#pragma once
// y = x as float32, of elements of 8 bits: images, and values of boolean type.
//
// Interface: AXI masters x, y, parameters; AXI-Lite offsets in elements. II: 1 an element. On chip:
// registers. DSP: 2.
#include "kernels/fpga/portable.h"

enum { CONVERT_COUNT, CONVERT_SIGNED, CONVERT_WORDS };

FPGA_FUNCTION void fpga_convert(FPGA_GLOBAL const unsigned char* x, FPGA_GLOBAL float* y,
                                FPGA_GLOBAL const int* parameters) {
  int p[CONVERT_WORDS];
  fpga_load_parameters(parameters, p, CONVERT_WORDS);
  for (int i = 0; i < p[CONVERT_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    const int value = x[i];
    y[i] = (float)(p[CONVERT_SIGNED] && value > 127 ? value - 256 : value);
  }
}
