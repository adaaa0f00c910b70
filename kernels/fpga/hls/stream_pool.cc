// The kernel oarlock_stream_pool for Vitis HLS: kernels/fpga/stream_pool.h behind its AXI ports.
#include "kernels/fpga/stream_pool.h"

extern "C" void oarlock_stream_pool(float* y, const int* parameters_1, int y_at, FPGA_STREAM in) {
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE axis port = in
#pragma HLS INTERFACE s_axilite port = return
  fpga_stream_pool(y + y_at, parameters_1, in);
}
