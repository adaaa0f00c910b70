// The kernel oarlock_winograd for Vitis HLS: kernels/fpga/winograd.h behind its AXI ports.
#include "kernels/fpga/winograd.h"

extern "C" void oarlock_winograd(const float* x, const float* weights, const float* bias,
                                 const float* table, float* y, const int* parameters_1, int x_at,
                                 int weights_at, int bias_at, int table_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = weights offset = slave bundle = weights
#pragma HLS INTERFACE m_axi port = bias offset = slave bundle = bias
#pragma HLS INTERFACE m_axi port = table offset = slave bundle = table
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = weights_at
#pragma HLS INTERFACE s_axilite port = bias_at
#pragma HLS INTERFACE s_axilite port = table_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_winograd(x + x_at, weights + weights_at, bias + bias_at, table + table_at, y + y_at,
                parameters_1);
}
