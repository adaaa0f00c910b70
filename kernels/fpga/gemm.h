#pragma once
// Matrix products and convolutions on one engine:
//   y[m, n] = function(alpha * sum_k a[m, k] * b[k, n] + beta * bias + residual[m, n])
// for every batch and group. A convolution has its weights as a, and b is read from the image as
// im2col would lay it out, without ever being stored.
//
// Interface: AXI masters a, b, bias, residual, table, y, parameters; AXI-Lite offsets in elements.
// II: 1 for loading, multiplying and storing; FPGA_PE_M x FPGA_PE_N products a cycle.
// On chip: 2 (TILE_M + TILE_N) TILE_K + TILE_M TILE_N words, and a table: 56 KiB as it stands.
// DSP: 5 a multiplier of fp32 (3 to multiply, 2 to add): 1280 as it stands.
// Sums run over k in order, whatever the tiles are.
#include "kernels/fpga/function.h"
#include "kernels/fpga/gemm_words.h"

#define ENGINE(name) fpga_gemm_##name
#define ENGINE_MEMORY float
#define ENGINE_VALUE float
#define ENGINE_SUM float
#define ENGINE_PE_M FPGA_PE_M
#define ENGINE_PE_N FPGA_PE_N
#define ENGINE_A(value, p) (value)
#define ENGINE_B(value, p) (value)
#include "kernels/fpga/gemm_engine.h"

FPGA_FUNCTION void fpga_gemm_store(const float sums[FPGA_TILE_M][FPGA_TILE_N], const int* p, int m,
                                   int n, int rows, int columns, const float* table,
                                   FPGA_GLOBAL const float* bias, FPGA_GLOBAL const float* residual,
                                   FPGA_GLOBAL float* y) {
  const float alpha = fpga_as_float(p[GEMM_ALPHA]);
  const float beta = fpga_as_float(p[GEMM_BETA]);
  for (int i = 0; i < rows; ++i) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
    for (int j = 0; j < columns; ++j) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_N
#pragma HLS PIPELINE II = 1
      const int at = (m + i) * p[GEMM_N] + n + j;
      float value = sums[i][j] * alpha;
      if (p[GEMM_BIAS])
        value += beta * bias[(m + i) * p[GEMM_BIAS_ROW] + (n + j) * p[GEMM_BIAS_COLUMN]];
      if (p[GEMM_RESIDUAL]) value += residual[at];
      y[at] = fpga_apply(p + GEMM_FUNCTION, table, value);
    }
  }
}

FPGA_FUNCTION void fpga_gemm(FPGA_GLOBAL const float* a, FPGA_GLOBAL const float* b,
                             FPGA_GLOBAL const float* bias, FPGA_GLOBAL const float* residual,
                             FPGA_GLOBAL const float* table_memory, FPGA_GLOBAL float* y,
                             FPGA_GLOBAL const int* parameters) {
  int p[GEMM_WORDS];
  float table[FPGA_TABLE + 1];
  float sums[FPGA_TILE_M][FPGA_TILE_N];
  fpga_load_parameters(parameters, p, GEMM_WORDS);
  fpga_load_table(table_memory, table, p[GEMM_FUNCTION]);
  for (int batch = 0; batch < p[GEMM_BATCH]; ++batch) {
    for (int group = 0; group < p[GEMM_GROUPS]; ++group) {
      const int a_at = batch * p[GEMM_A_BATCH] + group * p[GEMM_A_GROUP];
      const int b_at = batch * p[GEMM_B_BATCH] + group * p[GEMM_B_GROUP];
      const int bias_at = batch * p[GEMM_BIAS_BATCH] + group * p[GEMM_BIAS_GROUP];
      const int y_at = batch * p[GEMM_Y_BATCH] + group * p[GEMM_Y_GROUP];
      const int residual_at = p[GEMM_RESIDUAL] ? y_at : 0;
      for (int m = 0; m < p[GEMM_M]; m += FPGA_TILE_M) {
        for (int n = 0; n < p[GEMM_N]; n += FPGA_TILE_N) {
          fpga_gemm_tile(a + a_at, b + b_at, p, m, n, sums);
          fpga_gemm_store(sums, p, m, n, fpga_min(FPGA_TILE_M, p[GEMM_M] - m),
                          fpga_min(FPGA_TILE_N, p[GEMM_N] - n), table, bias + bias_at,
                          residual + residual_at, y + y_at);
        }
      }
    }
  }
}
