// The kernels as single work-items of OpenCL C: tested on any OpenCL device, and what OpenCL flows
// of FPGA tools take.
#include "kernels/fpga/convert.h"
#include "kernels/fpga/depthwise.h"
#include "kernels/fpga/elementwise.h"
#include "kernels/fpga/gemm.h"
#include "kernels/fpga/gemm8.h"
#include "kernels/fpga/move.h"
#include "kernels/fpga/normalize.h"
#include "kernels/fpga/pool.h"
#include "kernels/fpga/quantize.h"
#include "kernels/fpga/resize.h"
#include "kernels/fpga/softmax.h"
#include "kernels/fpga/stream_function.h"
#include "kernels/fpga/stream_gemm.h"
#include "kernels/fpga/stream_pool.h"
#include "kernels/fpga/winograd.h"

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_gemm(
    __global const float* a, __global const float* b, __global const float* bias,
    __global const float* residual, __global const float* table, __global float* y,
    __global const int* parameters_1, int a_at, int b_at, int bias_at, int residual_at,
    int table_at, int y_at) {
  fpga_gemm(a + a_at, b + b_at, bias + bias_at, residual + residual_at, table + table_at, y + y_at,
            parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_depthwise(
    __global const float* x, __global const float* weights, __global const float* bias,
    __global const float* residual, __global const float* table, __global float* y,
    __global const int* parameters_1, int x_at, int weights_at, int bias_at, int residual_at,
    int table_at, int y_at) {
  fpga_depthwise(x + x_at, weights + weights_at, bias + bias_at, residual + residual_at,
                 table + table_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_pool(
    __global const float* x, __global float* y, __global const int* parameters_1, int x_at,
    int y_at) {
  fpga_pool(x + x_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_elementwise(
    __global const float* a, __global const float* b, __global const float* table,
    __global float* y, __global const int* parameters_1, int a_at, int b_at, int table_at,
    int y_at) {
  fpga_elementwise(a + a_at, b + b_at, table + table_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_softmax(
    __global const float* x, __global const float* table, __global float* y,
    __global const int* parameters_1, int x_at, int table_at, int y_at) {
  fpga_softmax(x + x_at, table + table_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_move(
    __global const int* x, __global int* y, __global const int* parameters_1, int x_at, int y_at) {
  fpga_move(x + x_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_convert(
    __global const unsigned char* x, __global const float* scales, __global float* y,
    __global const int* parameters_1, int x_at, int scales_at, int y_at) {
  fpga_convert(x + x_at, scales + scales_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_gemm8(
    __global const unsigned char* a, __global const unsigned char* b, __global const int* bias,
    __global const float* scale, __global unsigned char* y, __global const int* parameters_1,
    int a_at, int b_at, int bias_at, int scale_at, int y_at) {
  fpga_gemm8(a + a_at, b + b_at, bias + bias_at, scale + scale_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_quantize(
    __global const float* x, __global const float* scales, __global unsigned char* y,
    __global const int* parameters_1, int x_at, int scales_at, int y_at) {
  fpga_quantize(x + x_at, scales + scales_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_normalize(
    __global const float* x, __global const float* scale, __global const float* bias,
    __global const float* mean, __global const float* variance, __global float* y,
    __global const int* parameters_1, int x_at, int scale_at, int bias_at, int mean_at,
    int variance_at, int y_at) {
  fpga_normalize(x + x_at, scale + scale_at, bias + bias_at, mean + mean_at, variance + variance_at,
                 y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_resize(
    __global const float* x, __global const float* rows, __global const float* columns,
    __global float* y, __global const int* parameters_1, int x_at, int rows_at, int columns_at,
    int y_at) {
  fpga_resize(x + x_at, rows + rows_at, columns + columns_at, y + y_at, parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_winograd(
    __global const float* x, __global const float* weights, __global const float* bias,
    __global const float* table, __global float* y, __global const int* parameters_1, int x_at,
    int weights_at, int bias_at, int table_at, int y_at) {
  fpga_winograd(x + x_at, weights + weights_at, bias + bias_at, table + table_at, y + y_at,
                parameters_1);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_stream_gemm(
    __global const float* a, __global const float* b, __global const float* bias,
    __global const int* parameters_1, int a_at, int b_at, int bias_at, FPGA_STREAM out) {
  fpga_stream_gemm(a + a_at, b + b_at, bias + bias_at, parameters_1, out);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_stream_function(
    __global const float* table, __global const int* parameters_1, int table_at, FPGA_STREAM in,
    FPGA_STREAM out) {
  fpga_stream_function(table + table_at, parameters_1, in, out);
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void oarlock_stream_pool(
    __global float* y, __global const int* parameters_1, int y_at, FPGA_STREAM in) {
  fpga_stream_pool(y + y_at, parameters_1, in);
}
