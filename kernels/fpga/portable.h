#pragma once
// What lets one source be C++ for Vitis HLS and g++, and OpenCL C.
//
// The bodies in this folder are written in what the three have in common: functions, fixed arrays,
// bounded loops, int and float. `#pragma HLS` is read by Vitis HLS and skipped by the others.
// Memory outside the kernel is reached through FPGA_GLOBAL pointers, each an AXI master of its own.

#ifdef __OPENCL_VERSION__
#define FPGA_GLOBAL __global
#define FPGA_FUNCTION static
#else
#include <math.h>
#define FPGA_GLOBAL
#define FPGA_FUNCTION static inline
#endif

// A float stored in a word of a parameter block.
FPGA_FUNCTION float fpga_as_float(int bits) {
#ifdef __OPENCL_VERSION__
  return as_float(bits);
#else
  union {
    int bits;
    float value;
  } word;
  word.bits = bits;
  return word.value;
#endif
}

FPGA_FUNCTION float fpga_sqrt(float x) {
#ifdef __OPENCL_VERSION__
  return sqrt(x);
#else
  return sqrtf(x);
#endif
}

// To the nearest whole number, to an even one from the middle.
FPGA_FUNCTION float fpga_round(float x) {
#ifdef __OPENCL_VERSION__
  return rint(x);
#else
  return rintf(x);
#endif
}

// round(x) + zero, between two bounds; the lower one for NaN.
FPGA_FUNCTION int fpga_to_integer(float x, int zero, int least, int most) {
  const float y = fpga_round(x) + (float)zero;
  return y >= (float)least ? (y <= (float)most ? (int)y : most) : least;
}

FPGA_FUNCTION int fpga_min(int a, int b) { return a < b ? a : b; }
FPGA_FUNCTION int fpga_max(int a, int b) { return a > b ? a : b; }

// Brings a parameter block of `count` words on chip.
FPGA_FUNCTION void fpga_load_parameters(FPGA_GLOBAL const int* from, int* to, int count) {
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II = 1
    to[i] = from[i];
  }
}
