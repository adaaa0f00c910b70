#pragma once
// A function of every number of a stream.
//
// Interface: AXI masters table, parameters; AXI streams in, out; AXI-Lite offset in elements. II: 1
// an element. On chip: a table of 8 KiB. DSP: 30.
#include "kernels/fpga/function.h"
#include "kernels/fpga/stream.h"

enum {
  STREAM_FUNCTION_COUNT,  // numbers
  STREAM_FUNCTION,
  STREAM_FUNCTION_WORDS = STREAM_FUNCTION + FUNCTION_WORDS
};

FPGA_FUNCTION void fpga_stream_function(FPGA_GLOBAL const float* table_memory,
                                        FPGA_GLOBAL const int* parameters, FPGA_STREAM in,
                                        FPGA_STREAM out) {
  int p[STREAM_FUNCTION_WORDS];
  float table[FPGA_TABLE + 1];
  fpga_load_parameters(parameters, p, STREAM_FUNCTION_WORDS);
  fpga_load_table(table_memory, table, p[STREAM_FUNCTION]);
  for (int i = 0; i < p[STREAM_FUNCTION_COUNT]; ++i) {
#pragma HLS PIPELINE II = 1
    fpga_write(out, fpga_apply(p + STREAM_FUNCTION, table, fpga_read(in)));
  }
}
