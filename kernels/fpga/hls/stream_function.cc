// The kernel oarlock_stream_function for Vitis HLS: kernels/fpga/stream_function.h behind its AXI
// ports.
#include "kernels/fpga/stream_function.h"

extern "C" void oarlock_stream_function(const float* table, const int* parameters_1, int table_at,
                                        FPGA_STREAM in, FPGA_STREAM out) {
#pragma HLS INTERFACE m_axi port = table offset = slave bundle = table
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = table_at
#pragma HLS INTERFACE axis port = in
#pragma HLS INTERFACE axis port = out
#pragma HLS INTERFACE s_axilite port = return
  fpga_stream_function(table + table_at, parameters_1, in, out);
}
