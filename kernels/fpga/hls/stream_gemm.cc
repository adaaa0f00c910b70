// The kernel oarlock_stream_gemm for Vitis HLS: kernels/fpga/stream_gemm.h behind its AXI ports.
#include "kernels/fpga/stream_gemm.h"

extern "C" void oarlock_stream_gemm(const float* a, const float* b, const float* bias,
                                    const int* parameters_1, int a_at, int b_at, int bias_at,
                                    FPGA_STREAM out) {
#pragma HLS INTERFACE m_axi port = a offset = slave bundle = a
#pragma HLS INTERFACE m_axi port = b offset = slave bundle = b
#pragma HLS INTERFACE m_axi port = bias offset = slave bundle = bias
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = a_at
#pragma HLS INTERFACE s_axilite port = b_at
#pragma HLS INTERFACE s_axilite port = bias_at
#pragma HLS INTERFACE axis port = out
#pragma HLS INTERFACE s_axilite port = return
  fpga_stream_gemm(a + a_at, b + b_at, bias + bias_at, parameters_1, out);
}
