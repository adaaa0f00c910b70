// The kernel oarlock_move for Vitis HLS: kernels/fpga/move.h behind its AXI ports.
#include "kernels/fpga/move.h"

extern "C" void oarlock_move(const int* x, int* y, const int* parameters_1, int x_at, int y_at) {
#pragma HLS INTERFACE m_axi port = x offset = slave bundle = x
#pragma HLS INTERFACE m_axi port = y offset = slave bundle = y
#pragma HLS INTERFACE m_axi port = parameters_1 offset = slave bundle = parameters
#pragma HLS INTERFACE s_axilite port = x_at
#pragma HLS INTERFACE s_axilite port = y_at
#pragma HLS INTERFACE s_axilite port = return
  fpga_move(x + x_at, y + y_at, parameters_1);
}
