#pragma once
// y = (x - mean) / sqrt(variance + epsilon) * scale + bias over groups of elements that follow each
// other: layer, RMS, instance and group normalization with mean and variance of each group, batch
// normalization with given ones.
//
// Interface: AXI masters x, scale, bias, mean, variance, y, parameters; AXI-Lite offsets in
// elements. II: 1 an element and pass; two passes for statistics, one for the result. On chip:
// registers. DSP: 40, of which the divider and the root take most.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

enum {
  NORMALIZE_GROUPS,
  NORMALIZE_LENGTH,  // of a group
  NORMALIZE_INNER,   // elements that follow each other with the same scale
  NORMALIZE_SCALES,
  NORMALIZE_EPSILON,
  NORMALIZE_CENTER,  // 0: the mean is taken as 0
  NORMALIZE_GIVEN,   // whether mean and variance are given, one for each scale
  NORMALIZE_BIAS,    // whether there is one
  NORMALIZE_WORDS
};

// The mean of (x - center)^power over a group, power being 1 or 2.
FPGA_FUNCTION float fpga_normalize_mean(FPGA_GLOBAL const float* x, int count, float center,
                                        int power) {
  float sums[FPGA_PARTIAL];
  for (int i = 0; i < FPGA_PARTIAL; ++i) sums[i] = 0.0f;
  for (int i = 0; i < count; ++i) {
#pragma HLS PIPELINE II = 1
    const float value = x[i] - center;
    sums[i % FPGA_PARTIAL] += power == 1 ? value : value * value;
  }
  for (int i = 1; i < FPGA_PARTIAL; ++i) sums[0] += sums[i];
  return sums[0] / (float)count;
}

FPGA_FUNCTION void fpga_normalize(FPGA_GLOBAL const float* x, FPGA_GLOBAL const float* scale,
                                  FPGA_GLOBAL const float* bias, FPGA_GLOBAL const float* mean,
                                  FPGA_GLOBAL const float* variance, FPGA_GLOBAL float* y,
                                  FPGA_GLOBAL const int* parameters) {
  int p[NORMALIZE_WORDS];
  fpga_load_parameters(parameters, p, NORMALIZE_WORDS);
  const float epsilon = fpga_as_float(p[NORMALIZE_EPSILON]);
  const int length = p[NORMALIZE_LENGTH];
  int inner = 0;
  int channel = 0;
  for (int group = 0; group < p[NORMALIZE_GROUPS]; ++group) {
    const int at = group * length;
    float center = 0.0f;
    float factor = 0.0f;
    if (!p[NORMALIZE_GIVEN]) {
      if (p[NORMALIZE_CENTER]) center = fpga_normalize_mean(x + at, length, 0.0f, 1);
      factor = 1.0f / fpga_sqrt(fpga_normalize_mean(x + at, length, center, 2) + epsilon);
    }
    for (int i = 0; i < length; ++i) {
#pragma HLS PIPELINE II = 1
      if (p[NORMALIZE_GIVEN]) {
        center = mean[channel];
        factor = 1.0f / fpga_sqrt(variance[channel] + epsilon);
      }
      const float add = p[NORMALIZE_BIAS] ? bias[channel] : 0.0f;
      y[at + i] = (x[at + i] - center) * factor * scale[channel] + add;
      ++inner;
      if (inner == p[NORMALIZE_INNER]) {
        inner = 0;
        channel = channel + 1 == p[NORMALIZE_SCALES] ? 0 : channel + 1;
      }
    }
  }
}
