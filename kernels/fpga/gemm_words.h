#pragma once
// Words of the parameter blocks of the engines of products.
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
  GEMM_WORDS = GEMM_FUNCTION + FUNCTION_WORDS,
  // The engine of 8-bit integers has no alpha, beta, residual and function; instead:
  GEMM8_A_SIGNED = GEMM_FUNCTION,
  GEMM8_A_ZERO,
  GEMM8_B_SIGNED,
  GEMM8_B_ZERO,
  GEMM8_SCALE_ROW,  // strides of the scales
  GEMM8_SCALE_COLUMN,
  GEMM8_SCALE_GROUP,
  GEMM8_Y_ZERO,
  GEMM8_Y_LEAST,  // results are at least and at most
  GEMM8_Y_MOST,
  GEMM8_WORDS
};
