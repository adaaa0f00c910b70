#pragma once
// Matrix products and convolutions of 8-bit integers on the engine of gemm.h:
//   y[m, n] = clamp(round(scale * (sum_k (a[m, k] - a_zero) * (b[k, n] - b_zero) + bias)) + y_zero)
// with sums in 32 bits, and a scale and bias for every row, every column, or all.
//
// Interface: AXI masters a, b, bias, scale, y, parameters; AXI-Lite offsets in elements.
// II: 1 for loading, multiplying and storing; FPGA_PE8_M x FPGA_PE8_N products a cycle.
// On chip: 2 (TILE_M + TILE_N) TILE_K half words, TILE_M TILE_N words: 32 KiB as it stands.
// DSP: 1 a multiplier: 512 as it stands, 6 to scale.
// Sums are exact for K up to FPGA_MOST_K8. The product with the scale is rounded to float32 before
// it is rounded to a whole number, so a result differs from the exact one by 1 at most, and only
// where scale * sum is within 1e-4 of the middle between two whole numbers.
#include "kernels/fpga/gemm_words.h"

#define FPGA_MOST_K8 32768

FPGA_FUNCTION int fpga_from_byte(int value, int is_signed) {
  return is_signed && value > 127 ? value - 256 : value;
}

#define ENGINE(name) fpga_gemm8_##name
#define ENGINE_MEMORY unsigned char
#define ENGINE_VALUE short
#define ENGINE_SUM int
#define ENGINE_PE_M FPGA_PE8_M
#define ENGINE_PE_N FPGA_PE8_N
#define ENGINE_A(value, p) (short)(fpga_from_byte(value, (p)[GEMM8_A_SIGNED]) - (p)[GEMM8_A_ZERO])
#define ENGINE_B(value, p) (short)(fpga_from_byte(value, (p)[GEMM8_B_SIGNED]) - (p)[GEMM8_B_ZERO])
#include "kernels/fpga/gemm_engine.h"

FPGA_FUNCTION void fpga_gemm8_store(const int sums[FPGA_TILE_M][FPGA_TILE_N], const int* p, int m,
                                    int n, int rows, int columns, FPGA_GLOBAL const int* bias,
                                    FPGA_GLOBAL const float* scale, FPGA_GLOBAL unsigned char* y) {
  for (int i = 0; i < rows; ++i) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M
    for (int j = 0; j < columns; ++j) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_N
#pragma HLS PIPELINE II = 1
      int sum = sums[i][j];
      if (p[GEMM_BIAS])
        sum = (int)((unsigned)sum +
                    (unsigned)bias[(m + i) * p[GEMM_BIAS_ROW] + (n + j) * p[GEMM_BIAS_COLUMN]]);
      const float factor = scale[(m + i) * p[GEMM8_SCALE_ROW] + (n + j) * p[GEMM8_SCALE_COLUMN]];
      y[(m + i) * p[GEMM_N] + n + j] = (unsigned char)fpga_to_integer(
          (float)sum * factor, p[GEMM8_Y_ZERO], p[GEMM8_Y_LEAST], p[GEMM8_Y_MOST]);
    }
  }
}

FPGA_FUNCTION void fpga_gemm8(FPGA_GLOBAL const unsigned char* a,
                              FPGA_GLOBAL const unsigned char* b, FPGA_GLOBAL const int* bias,
                              FPGA_GLOBAL const float* scale, FPGA_GLOBAL unsigned char* y,
                              FPGA_GLOBAL const int* parameters) {
  int p[GEMM8_WORDS];
  int sums[FPGA_TILE_M][FPGA_TILE_N];
  fpga_load_parameters(parameters, p, GEMM8_WORDS);
  for (int batch = 0; batch < p[GEMM_BATCH]; ++batch) {
    for (int group = 0; group < p[GEMM_GROUPS]; ++group) {
      const int a_at = batch * p[GEMM_A_BATCH] + group * p[GEMM_A_GROUP];
      const int b_at = batch * p[GEMM_B_BATCH] + group * p[GEMM_B_GROUP];
      const int y_at = batch * p[GEMM_Y_BATCH] + group * p[GEMM_Y_GROUP];
      for (int m = 0; m < p[GEMM_M]; m += FPGA_TILE_M) {
        for (int n = 0; n < p[GEMM_N]; n += FPGA_TILE_N) {
          fpga_gemm8_tile(a + a_at, b + b_at, p, m, n, sums);
          fpga_gemm8_store(sums, p, m, n, fpga_min(FPGA_TILE_M, p[GEMM_M] - m),
                           fpga_min(FPGA_TILE_N, p[GEMM_N] - n), bias + group * p[GEMM_BIAS_GROUP],
                           scale + group * p[GEMM8_SCALE_GROUP], y + y_at);
        }
      }
    }
  }
}
