#pragma once
// The engine of gemm.h with its results written to a stream instead of memory: tile after tile of
// up to FPGA_TILE_M rows, of each the columns in order, of each column the rows. A convolution thus
// gives the pixels of an image in order, each with all channels of the tile. The function is left
// to the next kernel, and there is no residual.
//
// Interface: AXI masters a, b, bias, parameters; AXI stream out; AXI-Lite offsets in elements.
// II: 1 for loading, multiplying and writing; FPGA_PE_M x FPGA_PE_N products a cycle.
// On chip: 2 (TILE_M + TILE_N) TILE_K + TILE_M TILE_N words: 48 KiB as it stands.
// DSP: 5 a multiplier of fp32: 1280 as it stands.
#include "kernels/fpga/gemm.h"
#include "kernels/fpga/stream.h"

FPGA_FUNCTION void fpga_stream_tile(const float sums[FPGA_TILE_M][FPGA_TILE_N], const int* p, int m,
                                    int n, FPGA_GLOBAL const float* bias, FPGA_STREAM out) {
  const int rows = fpga_min(FPGA_TILE_M, p[GEMM_M] - m);
  const int columns = fpga_min(FPGA_TILE_N, p[GEMM_N] - n);
  const float alpha = fpga_as_float(p[GEMM_ALPHA]);
  const float beta = fpga_as_float(p[GEMM_BETA]);
  float add[FPGA_TILE_M];
  for (int i = 0; i < rows; ++i) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
#pragma HLS PIPELINE II = 1
    add[i] = p[GEMM_BIAS] ? beta * bias[(m + i) * p[GEMM_BIAS_ROW]] : 0.0f;
  }
  for (int j = 0; j < columns; ++j) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_N
    for (int i = 0; i < rows; ++i) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
#pragma HLS PIPELINE II = 1
      fpga_write(out, sums[i][j] * alpha + add[i]);
    }
  }
}

FPGA_FUNCTION void fpga_stream_gemm(FPGA_GLOBAL const float* a, FPGA_GLOBAL const float* b,
                                    FPGA_GLOBAL const float* bias,
                                    FPGA_GLOBAL const int* parameters, FPGA_STREAM out) {
  int p[GEMM_WORDS];
  float sums[FPGA_TILE_M][FPGA_TILE_N];
  fpga_load_parameters(parameters, p, GEMM_WORDS);
  for (int batch = 0; batch < p[GEMM_BATCH]; ++batch) {
    for (int group = 0; group < p[GEMM_GROUPS]; ++group) {
      const int a_at = batch * p[GEMM_A_BATCH] + group * p[GEMM_A_GROUP];
      const int b_at = batch * p[GEMM_B_BATCH] + group * p[GEMM_B_GROUP];
      const int bias_at = batch * p[GEMM_BIAS_BATCH] + group * p[GEMM_BIAS_GROUP];
      for (int m = 0; m < p[GEMM_M]; m += FPGA_TILE_M) {
        for (int n = 0; n < p[GEMM_N]; n += FPGA_TILE_N) {
          fpga_gemm_tile(a + a_at, b + b_at, p, m, n, sums);
          fpga_stream_tile(sums, p, m, n, bias + bias_at, out);
        }
      }
    }
  }
}
