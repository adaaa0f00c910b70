// The kernel oarlock_depthwise for Vitis HLS: kernels/fpga/depthwise.h behind its AXI ports.
#include "kernels/fpga/depthwise.h"

extern "C" void oarlock_depthwise(const float* x, const float* weights, const float* bias,
                                  const float* residual, const float* table, float* y,
                                  const int* parameters_1, int x_at, int weights_at, int bias_at,
                                  int residual_at, int table_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = weights offset = slave bundle = weights
#pragma HLS INTERFACE m_axi port = bias offset = slave bundle = bias
#pragma HLS INTERFACE m_axi port = residual offset = slave bundle = residual
#pragma HLS INTERFACE m_axi port = table offset = slave bundle = table
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = weights_at
#pragma HLS INTERFACE s_axilite port = bias_at
#pragma HLS INTERFACE s_axilite port = residual_at
#pragma HLS INTERFACE s_axilite port = table_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_depthwise(x + x_at, weights + weights_at, bias + bias_at, residual + residual_at,
                 table + table_at, y + y_at, parameters_1);
}
