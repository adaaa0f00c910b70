// The kernel oarlock_convert for Vitis HLS: kernels/fpga/convert.h behind its AXI ports.
#include "kernels/fpga/convert.h"

extern "C" void oarlock_convert(const unsigned char* x, const float* scales, float* y,
                                const int* parameters_1, int x_at, int scales_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = scales offset = slave bundle = scales
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = scales_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_convert(x + x_at, scales + scales_at, y + y_at, parameters_1);
}
