// The kernel oarlock_resize for Vitis HLS: kernels/fpga/resize.h behind its AXI ports.
#include "kernels/fpga/resize.h"

extern "C" void oarlock_resize(const float* x, const float* rows, const float* columns, float* y,
                               const int* parameters_1, int x_at, int rows_at, int columns_at,
                               int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = rows offset = slave bundle = rows
#pragma HLS INTERFACE m_axi port = columns offset = slave bundle = columns
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = rows_at
#pragma HLS INTERFACE s_axilite port = columns_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_resize(x + x_at, rows + rows_at, columns + columns_at, y + y_at, parameters_1);
}
