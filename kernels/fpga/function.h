#pragma once
// Functions of one number: what is fused behind products, and what element-wise kernels compute.
// Between three entries of a table runs a parabola, so the error is at most step^3 / 15.6 times the
// largest third derivative, with step = (high - low) / FPGA_TABLE, beside rounding: 4e-8 for
// sigmoid and 5e-7 for tanh on [-16, 16], 3e-12 relative for exp.
#include "kernels/fpga/portable.h"
#include "kernels/fpga/tiles.h"

enum {
  FPGA_NONE,
  FPGA_CLIP,          // min(max(x, alpha), beta); NaN stays
  FPGA_LEAKY,         // x < 0 ? alpha * x : x
  FPGA_HARD_SIGMOID,  // clip(alpha * x + beta, 0, 1)
  FPGA_HARD_SWISH,    // x * clip(x / 6 + 1/2, 0, 1)
  FPGA_TABULATED,     // table(x); beyond its ends the end value + slope * distance
  FPGA_GATED,         // x * table(x), slopes as above
  FPGA_EXP,           // the table is 2^f for f in [0, 1]
  FPGA_ABS,
  FPGA_SQRT,
  FPGA_RECIPROCAL,
  FPGA_FUNCTIONS
};

// Words of a parameter block that describe a function, from a base index on.
enum {
  FUNCTION_KIND,
  FUNCTION_ALPHA,  // float, as all below
  FUNCTION_BETA,
  FUNCTION_LOW,         // where the table begins
  FUNCTION_SCALE,       // intervals in 1
  FUNCTION_LOW_SLOPE,   // below the table
  FUNCTION_HIGH_SLOPE,  // above the table
  FUNCTION_WORDS
};

FPGA_FUNCTION int fpga_needs_table(int kind) {
  return kind == FPGA_TABULATED || kind == FPGA_GATED || kind == FPGA_EXP;
}

// Brings a table on chip; without a function that needs one nothing is read.
FPGA_FUNCTION void fpga_load_table(FPGA_GLOBAL const float* from, float* table, int kind) {
  if (fpga_needs_table(kind)) {
    for (int i = 0; i <= FPGA_TABLE; ++i) {
#pragma HLS PIPELINE II = 1
      table[i] = from[i];
    }
  }
}

// The value between entries, `at` in [0, FPGA_TABLE].
FPGA_FUNCTION float fpga_interpolate(const float* table, float at) {
#pragma HLS ARRAY_PARTITION variable = table cyclic factor = 4
  const int i = fpga_min((int)at, FPGA_TABLE - 2);
  const float first = table[i + 1] - table[i];
  const float second = table[i + 2] - table[i + 1] - first;
  const float u = at - (float)i;
  return table[i] + u * (first + 0.5f * (u - 1.0f) * second);
}

FPGA_FUNCTION float fpga_look_up(const int* f, const float* table, float x) {
  const float at = (x - fpga_as_float(f[FUNCTION_LOW])) * fpga_as_float(f[FUNCTION_SCALE]);
  const float step = 1.0f / fpga_as_float(f[FUNCTION_SCALE]);
  if (at >= 0.0f && at <= (float)FPGA_TABLE) return fpga_interpolate(table, at);
  if (at < 0.0f) {
    const float slope = fpga_as_float(f[FUNCTION_LOW_SLOPE]);
    return slope == 0.0f ? table[0] : table[0] + slope * step * at;
  }
  if (at > (float)FPGA_TABLE) {
    const float slope = fpga_as_float(f[FUNCTION_HIGH_SLOPE]);
    return slope == 0.0f ? table[FPGA_TABLE]
                         : table[FPGA_TABLE] + slope * step * (at - (float)FPGA_TABLE);
  }
  return x;  // NaN
}

// e^x as 2^i * 2^f. Infinite above 88.72, 0 below -87.34, where results would be denormal.
FPGA_FUNCTION float fpga_exp(const float* table, float x) {
  if (x != x) return x;
  if (x > 88.72f) return fpga_as_float(0x7f800000);
  if (x < -87.33f) return 0.0f;
  // The integer part times ln 2 is taken off in two pieces, of which the first is exact.
  int i = (int)(x * 1.44269504f);
  if ((float)i > x * 1.44269504f) --i;
  float f = ((x - (float)i * 0.693145752f) - (float)i * 1.42860677e-6f) * 1.44269504f;
  f = f < 0.0f ? 0.0f : f > 1.0f ? 1.0f : f;
  const float power = fpga_interpolate(table, f * (float)FPGA_TABLE);
  return i > 127 ? power * 2.0f * fpga_as_float(254 << 23) : power * fpga_as_float((i + 127) << 23);
}

// `f` begins with FUNCTION_KIND.
FPGA_FUNCTION float fpga_apply(const int* f, const float* table, float x) {
  const float alpha = fpga_as_float(f[FUNCTION_ALPHA]);
  const float beta = fpga_as_float(f[FUNCTION_BETA]);
  float y = x;
  switch (f[FUNCTION_KIND]) {
    case FPGA_CLIP:
      y = y < alpha ? alpha : y;
      y = y > beta ? beta : y;
      break;
    case FPGA_LEAKY:
      y = x < 0.0f ? alpha * x : x;
      break;
    case FPGA_HARD_SIGMOID:
      y = alpha * x + beta;
      y = y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y;
      break;
    case FPGA_HARD_SWISH:
      y = x * (1.0f / 6.0f) + 0.5f;
      y = x * (y < 0.0f ? 0.0f : y > 1.0f ? 1.0f : y);
      break;
    case FPGA_TABULATED:
      y = fpga_look_up(f, table, x);
      break;
    case FPGA_GATED:
      y = x * fpga_look_up(f, table, x);
      break;
    case FPGA_EXP:
      y = fpga_exp(table, x);
      break;
    case FPGA_ABS:
      y = x < 0.0f ? -x : x;
      break;
    case FPGA_SQRT:
      y = fpga_sqrt(x);
      break;
    case FPGA_RECIPROCAL:
      y = 1.0f / x;
      break;
    default:
      break;
  }
  return y;
}
