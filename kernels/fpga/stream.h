#pragma once
// Streams carry numbers from one kernel to the next without touching memory. For Vitis HLS they are
// AXI streams, joined by the link configuration; for the host's compiler a FIFO between threads. In
// OpenCL C, where kernels follow each other, a stream is memory that holds all of it: two counters,
// which begin as 0, and the numbers.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

#if defined(__OPENCL_VERSION__)
#define FPGA_STREAM __global int*
enum { STREAM_WRITTEN, STREAM_READ, STREAM_HEADER };
#elif defined(__SYNTHESIS__) || defined(__VITIS_HLS__)
#include <ap_axi_sdata.h>
#include <hls_stream.h>
typedef ap_axiu<32, 0, 0, 0> fpga_beat;
typedef hls::stream<fpga_beat> fpga_stream;
#define FPGA_STREAM fpga_stream&
#else
#include "kernels/fpga/fifo.h"
#define FPGA_STREAM fpga_stream&
#endif

FPGA_FUNCTION void fpga_write(FPGA_STREAM to, float value) {
#if defined(__OPENCL_VERSION__)
  to[STREAM_HEADER + to[STREAM_WRITTEN]++] = as_int(value);
#elif defined(__SYNTHESIS__) || defined(__VITIS_HLS__)
  fpga_beat beat;
  union {
    float value;
    unsigned int bits;
  } word;
  word.value = value;
  beat.data = word.bits;
  beat.keep = -1;
  beat.last = 0;
  to.write(beat);
#else
  to.write(value);
#endif
}

FPGA_FUNCTION float fpga_read(FPGA_STREAM from) {
#if defined(__OPENCL_VERSION__)
  return as_float(from[STREAM_HEADER + from[STREAM_READ]++]);
#elif defined(__SYNTHESIS__) || defined(__VITIS_HLS__)
  return fpga_as_float((int)from.read().data.to_uint());
#else
  return from.read();
#endif
}
