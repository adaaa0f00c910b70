// The kernel oarlock_normalize for Vitis HLS: kernels/fpga/normalize.h behind its AXI ports.
#include "kernels/fpga/normalize.h"

extern "C" void oarlock_normalize(const float* x, const float* scale, const float* bias,
                                  const float* mean, const float* variance, float* y,
                                  const int* parameters_1, int x_at, int scale_at, int bias_at,
                                  int mean_at, int variance_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = scale offset = slave bundle = scale
#pragma HLS INTERFACE m_axi port = bias offset = slave bundle = bias
#pragma HLS INTERFACE m_axi port = mean offset = slave bundle = mean
#pragma HLS INTERFACE m_axi port = variance offset = slave bundle = variance
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = scale_at
#pragma HLS INTERFACE s_axilite port = bias_at
#pragma HLS INTERFACE s_axilite port = mean_at
#pragma HLS INTERFACE s_axilite port = variance_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_normalize(x + x_at, scale + scale_at, bias + bias_at, mean + mean_at, variance + variance_at,
                 y + y_at, parameters_1);
}
