// The kernel oarlock_gemm8 for Vitis HLS: kernels/fpga/gemm8.h behind its AXI ports.
#include "kernels/fpga/gemm8.h"

extern "C" void oarlock_gemm8(const unsigned char* a, const unsigned char* b, const int* bias,
                              const float* scale, unsigned char* y, const int* parameters_1,
                              int a_at, int b_at, int bias_at, int scale_at, int y_at) {
#pragma HLS INTERFACE m_axi port = a offset = slave bundle = a
#pragma HLS INTERFACE m_axi port = b offset = slave bundle = b
#pragma HLS INTERFACE m_axi port = bias offset = slave bundle = bias
#pragma HLS INTERFACE m_axi port = scale offset = slave bundle = scale
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = a_at
#pragma HLS INTERFACE s_axilite port = b_at
#pragma HLS INTERFACE s_axilite port = bias_at
#pragma HLS INTERFACE s_axilite port = scale_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_gemm8(a + a_at, b + b_at, bias + bias_at, scale + scale_at, y + y_at, parameters_1);
}
