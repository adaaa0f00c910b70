#pragma once
// Convolutions with windows of 3 x 3, stride 1, by Winograd's F(2x2, 3x3):
//   y = function(conv(x, w) + bias)
// Each patch of 4 x 4 elements gives 2 x 2 results by 16 products a channel and filter instead of
// 36. Weights come transformed, [16][filters][channels]. Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks" (2015).
//
// Interface: AXI masters x, weights, bias, table, y, parameters; AXI-Lite offsets in elements.
// II: 1 for loading weights and storing, 16 a patch and channel; FPGA_PE_M x FPGA_PE_N products a
// cycle. On chip: 16 (FILTERS + PATCHES) CHANNELS + 16 FILTERS PATCHES words: 288 KiB as it stands.
// DSP: 5 a multiplier (1280 as it stands), 64 for the transforms. Results differ from those of sums
// in order by rounding: the transforms add up to 4 numbers before multiplying.
#include "kernels/fpga/function.h"

enum {
  WINOGRAD_BATCH,
  WINOGRAD_FILTERS,
  WINOGRAD_CHANNELS,
  WINOGRAD_IN_Y,
  WINOGRAD_IN_X,
  WINOGRAD_OUT_Y,
  WINOGRAD_OUT_X,
  WINOGRAD_PAD_Y,
  WINOGRAD_PAD_X,
  WINOGRAD_BIAS,  // whether there is one
  WINOGRAD_FUNCTION,
  WINOGRAD_WORDS = WINOGRAD_FUNCTION + FUNCTION_WORDS
};

// Rows of B^T d B for four numbers: d0 - d2, d1 + d2, d2 - d1, d1 - d3.
FPGA_FUNCTION void fpga_winograd_patch(FPGA_GLOBAL const float* plane, const int* p, int top,
                                       int left, float v[16]) {
  float partial[4][4];
  for (int j = 0; j < 4; ++j) {
    float d[4];
    for (int i = 0; i < 4; ++i) {
#pragma HLS PIPELINE II = 1
      const int y = top + i;
      const int x = left + j;
      const int inside = y >= 0 && y < p[WINOGRAD_IN_Y] && x >= 0 && x < p[WINOGRAD_IN_X];
      d[i] = inside ? plane[y * p[WINOGRAD_IN_X] + x] : 0.0f;
    }
    partial[0][j] = d[0] - d[2];
    partial[1][j] = d[1] + d[2];
    partial[2][j] = d[2] - d[1];
    partial[3][j] = d[1] - d[3];
  }
  for (int i = 0; i < 4; ++i) {
#pragma HLS UNROLL
    v[4 * i] = partial[i][0] - partial[i][2];
    v[4 * i + 1] = partial[i][1] + partial[i][2];
    v[4 * i + 2] = partial[i][2] - partial[i][1];
    v[4 * i + 3] = partial[i][1] - partial[i][3];
  }
}

// A^T m A: the 2 x 2 results of 16 sums.
FPGA_FUNCTION void fpga_winograd_results(const float m[16], float y[4]) {
  float partial[2][4];
  for (int j = 0; j < 4; ++j) {
#pragma HLS UNROLL
    partial[0][j] = m[j] + m[4 + j] + m[8 + j];
    partial[1][j] = m[4 + j] - m[8 + j] - m[12 + j];
  }
  for (int i = 0; i < 2; ++i) {
#pragma HLS UNROLL
    y[2 * i] = partial[i][0] + partial[i][1] + partial[i][2];
    y[2 * i + 1] = partial[i][1] - partial[i][2] - partial[i][3];
  }
}

FPGA_FUNCTION void fpga_winograd_load_weights(
    FPGA_GLOBAL const float* weights, const int* p, int filter, int channel,
    float u[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_CHANNELS]) {
  for (int t = 0; t < 16; ++t) {
    for (int i = 0; i < FPGA_WINOGRAD_FILTERS; ++i) {
      for (int j = 0; j < FPGA_WINOGRAD_CHANNELS; ++j) {
#pragma HLS PIPELINE II = 1
        const int inside = filter + i < p[WINOGRAD_FILTERS] && channel + j < p[WINOGRAD_CHANNELS];
        const int row = t * p[WINOGRAD_FILTERS] + filter + i;
        u[t][i][j] = inside ? weights[row * p[WINOGRAD_CHANNELS] + channel + j] : 0.0f;
      }
    }
  }
}

FPGA_FUNCTION void fpga_winograd_load_patches(
    FPGA_GLOBAL const float* x, const int* p, int patch, int channel,
    float v[16][FPGA_WINOGRAD_CHANNELS][FPGA_WINOGRAD_PATCHES]) {
  const int across = (p[WINOGRAD_OUT_X] + 1) / 2;
  const int patches = across * ((p[WINOGRAD_OUT_Y] + 1) / 2);
  for (int j = 0; j < FPGA_WINOGRAD_CHANNELS; ++j) {
    for (int n = 0; n < FPGA_WINOGRAD_PATCHES; ++n) {
#pragma HLS PIPELINE II = 16
      float transformed[16];
      const int at = patch + n;
      if (at < patches && channel + j < p[WINOGRAD_CHANNELS]) {
        const int top = at / across * 2 - p[WINOGRAD_PAD_Y];
        const int left = at % across * 2 - p[WINOGRAD_PAD_X];
        fpga_winograd_patch(x + (channel + j) * p[WINOGRAD_IN_Y] * p[WINOGRAD_IN_X], p, top, left,
                            transformed);
      } else {
        for (int t = 0; t < 16; ++t) transformed[t] = 0.0f;
      }
      for (int t = 0; t < 16; ++t) v[t][j][n] = transformed[t];
    }
  }
}

// Adds to the sums, or begins them.
FPGA_FUNCTION void fpga_winograd_multiply(
    const float u[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_CHANNELS],
    const float v[16][FPGA_WINOGRAD_CHANNELS][FPGA_WINOGRAD_PATCHES], int first,
    float sums[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_PATCHES]) {
#pragma HLS ARRAY_PARTITION variable = u cyclic factor = FPGA_PE_M dim = 2
#pragma HLS ARRAY_PARTITION variable = v cyclic factor = FPGA_PE_N dim = 3
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = FPGA_PE_M dim = 2
#pragma HLS ARRAY_PARTITION variable = sums cyclic factor = FPGA_PE_N dim = 3
  for (int c = 0; c < FPGA_WINOGRAD_CHANNELS; ++c) {
    for (int t = 0; t < 16; ++t) {
      for (int m = 0; m < FPGA_WINOGRAD_FILTERS; m += FPGA_PE_M) {
        for (int n = 0; n < FPGA_WINOGRAD_PATCHES; n += FPGA_PE_N) {
#pragma HLS PIPELINE II = 1
          for (int i = 0; i < FPGA_PE_M; ++i) {
#pragma HLS UNROLL
            for (int j = 0; j < FPGA_PE_N; ++j) {
#pragma HLS UNROLL
              const float before = first && c == 0 ? 0.0f : sums[t][m + i][n + j];
              sums[t][m + i][n + j] = before + u[t][m + i][c] * v[t][c][n + j];
            }
          }
        }
      }
    }
  }
}

FPGA_FUNCTION void fpga_winograd_store(
    const float sums[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_PATCHES], const int* p, int filter,
    int patch, const float* table, FPGA_GLOBAL const float* bias, FPGA_GLOBAL float* y) {
  const int across = (p[WINOGRAD_OUT_X] + 1) / 2;
  const int patches = across * ((p[WINOGRAD_OUT_Y] + 1) / 2);
  for (int i = 0; i < fpga_min(FPGA_WINOGRAD_FILTERS, p[WINOGRAD_FILTERS] - filter); ++i) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_WINOGRAD_FILTERS
    const float add = p[WINOGRAD_BIAS] ? bias[filter + i] : 0.0f;
    for (int n = 0; n < fpga_min(FPGA_WINOGRAD_PATCHES, patches - patch); ++n) {
#pragma HLS LOOP_TRIPCOUNT max = FPGA_WINOGRAD_PATCHES
#pragma HLS PIPELINE II = 4
      float m[16];
      float results[4];
      for (int t = 0; t < 16; ++t) m[t] = sums[t][i][n];
      fpga_winograd_results(m, results);
      for (int r = 0; r < 4; ++r) {
        const int oy = (patch + n) / across * 2 + r / 2;
        const int ox = (patch + n) % across * 2 + r % 2;
        if (oy < p[WINOGRAD_OUT_Y] && ox < p[WINOGRAD_OUT_X])
          y[((filter + i) * p[WINOGRAD_OUT_Y] + oy) * p[WINOGRAD_OUT_X] + ox] =
              fpga_apply(p + WINOGRAD_FUNCTION, table, results[r] + add);
      }
    }
  }
}

FPGA_FUNCTION void fpga_winograd(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* weights,
                                 FPGA_GLOBAL const float* bias,
                                 FPGA_GLOBAL const float* table_memory, FPGA_GLOBAL float* y,
                                 FPGA_GLOBAL const int* parameters) {
  int p[WINOGRAD_WORDS];
  float table[FPGA_TABLE + 1];
  float u[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_CHANNELS];
  float v[16][FPGA_WINOGRAD_CHANNELS][FPGA_WINOGRAD_PATCHES];
  float sums[16][FPGA_WINOGRAD_FILTERS][FPGA_WINOGRAD_PATCHES];
  fpga_load_parameters(parameters, p, WINOGRAD_WORDS);
  fpga_load_table(table_memory, table, p[WINOGRAD_FUNCTION]);
  const int patches = (p[WINOGRAD_OUT_X] + 1) / 2 * ((p[WINOGRAD_OUT_Y] + 1) / 2);
  for (int batch = 0; batch < p[WINOGRAD_BATCH]; ++batch) {
    const int x_at = batch * p[WINOGRAD_CHANNELS] * p[WINOGRAD_IN_Y] * p[WINOGRAD_IN_X];
    const int y_at = batch * p[WINOGRAD_FILTERS] * p[WINOGRAD_OUT_Y] * p[WINOGRAD_OUT_X];
    for (int filter = 0; filter < p[WINOGRAD_FILTERS]; filter += FPGA_WINOGRAD_FILTERS) {
      for (int patch = 0; patch < patches; patch += FPGA_WINOGRAD_PATCHES) {
        for (int c = 0; c < p[WINOGRAD_CHANNELS]; c += FPGA_WINOGRAD_CHANNELS) {
          fpga_winograd_load_weights(weights, p, filter, c, u);
          fpga_winograd_load_patches(x + x_at, p, patch, c, v);
          fpga_winograd_multiply(u, v, c == 0, sums);
        }
        fpga_winograd_store(sums, p, filter, patch, table, bias, y + y_at);
      }
    }
  }
}
