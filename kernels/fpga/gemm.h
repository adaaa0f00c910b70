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

enum {
  GEMM_BATCH,
  GEMM_GROUPS,
  GEMM_M,
  GEMM_N,
  GEMM_K,
  GEMM_A_ROW,  // strides in elements
  GEMM_A_COLUMN,
  GEMM_A_BATCH,
  GEMM_A_GROUP,
  GEMM_B_ROW,
  GEMM_B_COLUMN,
  GEMM_B_BATCH,
  GEMM_B_GROUP,
  GEMM_BIAS,  // whether there is one
  GEMM_BIAS_ROW,
  GEMM_BIAS_COLUMN,
  GEMM_BIAS_BATCH,
  GEMM_BIAS_GROUP,
  GEMM_RESIDUAL,  // whether there is one; it lies as y does
  GEMM_Y_BATCH,   // rows of y are N long
  GEMM_Y_GROUP,
  GEMM_ALPHA,
  GEMM_BETA,
  GEMM_IMAGE,  // whether b is an image
  GEMM_IN_Y,
  GEMM_IN_X,
  GEMM_OUT_X,
  GEMM_KERNEL_Y,
  GEMM_KERNEL_X,
  GEMM_STRIDE_Y,
  GEMM_STRIDE_X,
  GEMM_DILATION_Y,
  GEMM_DILATION_X,
  GEMM_PAD_Y,
  GEMM_PAD_X,
  GEMM_FUNCTION,
  GEMM_WORDS = GEMM_FUNCTION + FUNCTION_WORDS
};

// Rows [m, m + TILE_M) and columns [k, k + TILE_K) of a, zeros beyond its end.
FPGA_FUNCTION void fpga_gemm_load_a(FPGA_GLOBAL const float* a, const int* p, int m, int k,
                                    float tile[FPGA_TILE_M][FPGA_TILE_K]) {
  for (int i = 0; i < FPGA_TILE_M; ++i) {
    for (int j = 0; j < FPGA_TILE_K; ++j) {
#pragma HLS PIPELINE II = 1
      const int inside = m + i < p[GEMM_M] && k + j < p[GEMM_K];
      tile[i][j] = inside ? a[(m + i) * p[GEMM_A_ROW] + (k + j) * p[GEMM_A_COLUMN]] : 0.0f;
    }
  }
}

FPGA_FUNCTION void fpga_gemm_load_matrix(FPGA_GLOBAL const float* b, const int* p, int k, int n,
                                         float tile[FPGA_TILE_K][FPGA_TILE_N]) {
  for (int i = 0; i < FPGA_TILE_K; ++i) {
    for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
      const int inside = k + i < p[GEMM_K] && n + j < p[GEMM_N];
      tile[i][j] = inside ? b[(k + i) * p[GEMM_B_ROW] + (n + j) * p[GEMM_B_COLUMN]] : 0.0f;
    }
  }
}

// Where the windows of the pixels [n, n + TILE_N) begin; rows far outside beyond the last one.
FPGA_FUNCTION void fpga_gemm_place_windows(const int* p, int n, int* ys, int* xs) {
  int oy = n / p[GEMM_OUT_X];
  int ox = n - oy * p[GEMM_OUT_X];
  for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
    const int inside = n + j < p[GEMM_N];
    ys[j] = inside ? oy * p[GEMM_STRIDE_Y] - p[GEMM_PAD_Y] : -(1 << 30);
    xs[j] = inside ? ox * p[GEMM_STRIDE_X] - p[GEMM_PAD_X] : 0;
    ++ox;
    if (ox == p[GEMM_OUT_X]) {
      ox = 0;
      ++oy;
    }
  }
}

FPGA_FUNCTION void fpga_gemm_load_image(FPGA_GLOBAL const float* b, const int* p, int k,
                                        const int* ys, const int* xs,
                                        float tile[FPGA_TILE_K][FPGA_TILE_N]) {
  const int taps = p[GEMM_KERNEL_Y] * p[GEMM_KERNEL_X];
  int channel = k / taps;
  int ky = (k - channel * taps) / p[GEMM_KERNEL_X];
  int kx = k - channel * taps - ky * p[GEMM_KERNEL_X];
  for (int i = 0; i < FPGA_TILE_K; ++i) {
    const int inside = k + i < p[GEMM_K];
    const int plane = channel * p[GEMM_IN_Y] * p[GEMM_IN_X];
    const int dy = ky * p[GEMM_DILATION_Y];
    const int dx = kx * p[GEMM_DILATION_X];
    for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
      const int y = ys[j] + dy;
      const int x = xs[j] + dx;
      const int hit = inside && y >= 0 && y < p[GEMM_IN_Y] && x >= 0 && x < p[GEMM_IN_X];
      tile[i][j] = hit ? b[plane + y * p[GEMM_IN_X] + x] : 0.0f;
    }
    ++kx;
    if (kx == p[GEMM_KERNEL_X]) {
      kx = 0;
      ++ky;
    }
    if (ky == p[GEMM_KERNEL_Y]) {
      ky = 0;
      ++channel;
    }
  }
}

FPGA_FUNCTION void fpga_gemm_load(FPGA_GLOBAL const float* a, FPGA_GLOBAL const float* b,
                                  const int* p, int m, int n, int k, const int* ys, const int* xs,
                                  float a_tile[FPGA_TILE_M][FPGA_TILE_K],
                                  float b_tile[FPGA_TILE_K][FPGA_TILE_N]) {
  fpga_gemm_load_a(a, p, m, k, a_tile);
  if (p[GEMM_IMAGE])
    fpga_gemm_load_image(b, p, k, ys, xs, b_tile);
  else
    fpga_gemm_load_matrix(b, p, k, n, b_tile);
}

// Adds the product of two tiles; only blocks of the array that hold results are computed.
FPGA_FUNCTION void fpga_gemm_multiply(const float a[FPGA_TILE_M][FPGA_TILE_K],
                                      const float b[FPGA_TILE_K][FPGA_TILE_N], int rows,
                                      int columns, int depth,
                                      float sums[FPGA_TILE_M][FPGA_TILE_N]) {
#pragma HLS ARRAY_PARTITION variable = a cyclic factor = FPGA_PE_M dim = 1
#pragma HLS ARRAY_PARTITION variable = b cyclic factor = FPGA_PE_N dim = 2
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = FPGA_PE_M dim = 1
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = FPGA_PE_N dim = 2
  for (int k = 0; k < depth; ++k) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_K
    for (int m = 0; m < rows; m += FPGA_PE_M) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_M / FPGA_PE_M
      for (int n = 0; n < columns; n += FPGA_PE_N) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_TILE_N / FPGA_PE_N
#pragma HLS PIPELINE II = 1
        for (int i = 0; i < FPGA_PE_M; ++i) {
#pragma HLS UNROLL
          for (int j = 0; j < FPGA_PE_N; ++j) {
#pragma HLS UNROLL
            sums[m + i][n + j] += a[m + i][k] * b[k][n + j];
          }
        }
      }
    }
  }
}

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

// One tile of the result: while a pair of tiles is multiplied, the next is loaded.
FPGA_FUNCTION void fpga_gemm_tile(FPGA_GLOBAL const float* a, FPGA_GLOBAL const float* b,
                                  const int* p, int m, int n,
                                  float sums[FPGA_TILE_M][FPGA_TILE_N]) {
  float a_tiles[2][FPGA_TILE_M][FPGA_TILE_K];
  float b_tiles[2][FPGA_TILE_K][FPGA_TILE_N];
  int ys[FPGA_TILE_N], xs[FPGA_TILE_N];
  const int rows = fpga_min(FPGA_TILE_M, p[GEMM_M] - m);
  const int columns = fpga_min(FPGA_TILE_N, p[GEMM_N] - n);
  const int steps = (p[GEMM_K] + FPGA_TILE_K - 1) / FPGA_TILE_K;
  for (int i = 0; i < FPGA_TILE_M; ++i) {
    for (int j = 0; j < FPGA_TILE_N; ++j) {
#pragma HLS PIPELINE II = 1
      sums[i][j] = 0.0f;
    }
  }
  if (p[GEMM_IMAGE]) fpga_gemm_place_windows(p, n, ys, xs);
  fpga_gemm_load(a, b, p, m, n, 0, ys, xs, a_tiles[0], b_tiles[0]);
  for (int step = 0; step < steps; ++step) {
    const int now = step & 1;
    const int k = step * FPGA_TILE_K;
    if (step + 1 < steps)
      fpga_gemm_load(a, b, p, m, n, k + FPGA_TILE_K, ys, xs, a_tiles[1 - now], b_tiles[1 - now]);
    fpga_gemm_multiply(a_tiles[now], b_tiles[now], rows, columns,
                       fpga_min(FPGA_TILE_K, p[GEMM_K] - k), sums);
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
