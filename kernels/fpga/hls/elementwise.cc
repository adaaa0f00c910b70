// The kernel oarlock_elementwise for Vitis HLS: kernels/fpga/elementwise.h behind its AXI ports.
#include "kernels/fpga/elementwise.h"

extern "C" void oarlock_elementwise(const float* a, const float* b, const float* table, float* y,
                                    const int* parameters_1, int a_at, int b_at, int table_at,
                                    int y_at) {
#pragma HLS INTERFACE m_axi port = a offset = slave bundle = a
#pragma HLS INTERFACE m_axi port = b offset = slave bundle = b
#pragma HLS INTERFACE m_axi port = table offset = slave bundle = table
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = a_at
#pragma HLS INTERFACE s_axilite port = b_at
#pragma HLS INTERFACE s_axilite port = table_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_elementwise(a + a_at, b + b_at, table + table_at, y + y_at, parameters_1);
}
