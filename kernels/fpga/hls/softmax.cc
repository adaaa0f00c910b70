// The kernel oarlock_softmax for Vitis HLS: kernels/fpga/softmax.h behind its AXI ports.
#include "kernels/fpga/softmax.h"

extern "C" void oarlock_softmax(const float* x, const float* table, float* y,
                                const int* parameters_1, int x_at, int table_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = table offset = slave bundle = table
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = table_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_softmax(x + x_at, table + table_at, y + y_at, parameters_1);
}
