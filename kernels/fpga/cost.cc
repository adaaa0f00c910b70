#include "kernels/fpga/cost.h"

#include <algorithm>
#include <cmath>

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

namespace oarlock::kernels::fpga {

namespace {

double pieces(double total, double size) { return std::ceil(total / size); }

// The kernel's start, its parameters and its table.
double overhead(int parameters, int function) {
  return kStartCycles + parameters + (fpga_needs_table(function) ? FPGA_TABLE + 1 : 0);
}

double table_bytes(int function) { return fpga_needs_table(function) ? 4.0 * (FPGA_TABLE + 1) : 0; }

struct WindowCost {
  double rows_in, taps_out, in, out;
};

// One plane: rows that are read, and steps over the windows of all outputs.
WindowCost window_cost(const int* w) {
  const double out = double{1} * w[WINDOW_OUT_Y] * w[WINDOW_OUT_X];
  const double taps = double{1} * w[WINDOW_KERNEL_Y] * w[WINDOW_KERNEL_X];
  return {double(w[WINDOW_IN_Y]), out * taps, double{1} * w[WINDOW_IN_Y] * w[WINDOW_IN_X], out};
}

}  // namespace

const EngineSizes kEngine = {FPGA_TILE_M, FPGA_TILE_N, FPGA_TILE_K, FPGA_PE_M, FPGA_PE_N, 4};
const EngineSizes kEngine8 = {FPGA_TILE_M, FPGA_TILE_N, FPGA_TILE_K, FPGA_PE8_M, FPGA_PE8_N, 1};

void engine_cost(const EngineSizes& s, const int* p, Cost* cost) {
  const double matrices = double{1} * p[GEMM_BATCH] * p[GEMM_GROUPS];
  const double m = p[GEMM_M], n = p[GEMM_N], k = p[GEMM_K];
  const double row_tiles = pieces(m, s.tile_m), column_tiles = pieces(n, s.tile_n);
  const double steps = pieces(k, s.tile_k);
  // Neighbours in memory make a burst; an image at another stride than 1 is read one by one.
  const bool a_burst = p[GEMM_A_COLUMN] == 1 || p[GEMM_A_ROW] == 1;
  const bool b_burst =
      p[GEMM_IMAGE] ? p[GEMM_STRIDE_X] == 1 : p[GEMM_B_COLUMN] == 1 || p[GEMM_B_ROW] == 1;
  const double load_a = double{1} * s.tile_m * s.tile_k * (a_burst ? 1 : kAccessCycles);
  const double load_b = double{1} * s.tile_k * s.tile_n * (b_burst ? 1 : kAccessCycles);
  // The two masters load side by side.
  const double load = std::max(load_a, load_b) + kPipelineDepth;
  const double last_m = m - (row_tiles - 1) * s.tile_m;
  const double last_n = n - (column_tiles - 1) * s.tile_n;
  const double blocks_m = (row_tiles - 1) * pieces(s.tile_m, s.pe_m) + pieces(last_m, s.pe_m);
  const double blocks_n = (column_tiles - 1) * pieces(s.tile_n, s.pe_n) + pieces(last_n, s.pe_n);
  const double tiles = row_tiles * column_tiles;
  const double multiply = blocks_m * blocks_n / tiles * s.tile_k + kPipelineDepth;
  const double tile = load + steps * std::max(load, multiply) + double{1} * s.tile_m * s.tile_n +
                      m * n / tiles + 2 * kPipelineDepth;
  cost->cycles = kStartCycles + matrices * tiles * tile;
  cost->products = matrices * m * n * k;
  cost->read_bytes = s.element_bytes * matrices * (column_tiles * m * k + row_tiles * n * k) +
                     4 * matrices * (p[GEMM_BIAS] ? m * n : 0);
  cost->written_bytes = s.element_bytes * matrices * m * n;
}

void gemm_cost(const int* p, Cost* cost) {
  engine_cost(kEngine, p, cost);
  cost->cycles += overhead(GEMM_WORDS, p[GEMM_FUNCTION]) - kStartCycles;
  cost->read_bytes +=
      4 * GEMM_WORDS + table_bytes(p[GEMM_FUNCTION]) + (p[GEMM_RESIDUAL] ? cost->written_bytes : 0);
}

void gemm8_cost(const int* p, Cost* cost) {
  engine_cost(kEngine8, p, cost);
  cost->cycles += static_cast<int>(GEMM8_WORDS);
  cost->read_bytes += 4 * GEMM8_WORDS + 4 * cost->written_bytes;  // scales
}

void depthwise_cost(const int* p, Cost* cost) {
  const WindowCost w = window_cost(p + DEPTHWISE_WINDOW);
  const double planes = double{1} * p[DEPTHWISE_BATCH] * p[DEPTHWISE_FILTERS];
  const int* window = p + DEPTHWISE_WINDOW;
  const double taps = double{1} * window[WINDOW_KERNEL_Y] * window[WINDOW_KERNEL_X];
  cost->cycles = overhead(DEPTHWISE_WORDS, p[DEPTHWISE_FUNCTION]) +
                 planes * (taps + w.in + w.rows_in * kPipelineDepth + w.taps_out +
                           window[WINDOW_OUT_Y] * kPipelineDepth);
  cost->products = planes * w.taps_out;
  cost->read_bytes = 4 * planes * (w.in + taps + (p[DEPTHWISE_RESIDUAL] ? w.out : 0)) +
                     table_bytes(p[DEPTHWISE_FUNCTION]);
  cost->written_bytes = 4 * planes * w.out;
}

void pool_cost(const int* p, Cost* cost) {
  const WindowCost w = window_cost(p + POOL_WINDOW);
  const double planes = p[POOL_PLANES];
  const double out = p[POOL_GLOBAL] ? 1 : w.out;
  const double each =
      p[POOL_GLOBAL] ? w.in + kPipelineDepth : w.in + w.taps_out + 2 * w.rows_in * kPipelineDepth;
  cost->cycles = overhead(POOL_WORDS, FPGA_NONE) + planes * each;
  cost->read_bytes = 4 * planes * w.in;
  cost->written_bytes = 4 * planes * out;
}

void elementwise_cost(const int* p, Cost* cost) {
  const double count = p[ELEMENTWISE_COUNT];
  const int last = FPGA_AXES - 1;
  const bool burst = p[ELEMENTWISE_A + last] <= 1 && p[ELEMENTWISE_B + last] <= 1;
  cost->cycles = overhead(ELEMENTWISE_WORDS, p[ELEMENTWISE_FUNCTION]) + kPipelineDepth +
                 count * (burst ? 1 : kAccessCycles);
  cost->read_bytes = 4 * count * (p[ELEMENTWISE_OP] == ELEMENTWISE_FIRST ? 1 : 2) +
                     table_bytes(p[ELEMENTWISE_FUNCTION]);
  cost->written_bytes = 4 * count;
}

void softmax_cost(const int* p, Cost* cost) {
  const double rows = double{1} * p[SOFTMAX_OUTER] * p[SOFTMAX_INNER];
  const double length = p[SOFTMAX_LENGTH] * (p[SOFTMAX_INNER] == 1 ? 1 : kAccessCycles);
  cost->cycles =
      overhead(SOFTMAX_WORDS, FPGA_EXP) + rows * (3 * length + 3 * kPipelineDepth + FPGA_PARTIAL);
  cost->read_bytes = 12 * rows * p[SOFTMAX_LENGTH] + table_bytes(FPGA_EXP);
  cost->written_bytes = 4 * rows * p[SOFTMAX_LENGTH];
}

void stream_function_cost(const int* p, Cost* cost) {
  cost->fill = kPipelineDepth;
  cost->cycles = overhead(STREAM_FUNCTION_WORDS, p[STREAM_FUNCTION]) + kPipelineDepth +
                 p[STREAM_FUNCTION_COUNT];
  cost->read_bytes = table_bytes(p[STREAM_FUNCTION]);
}

void stream_engine_cost(const EngineSizes& sizes, const int* p, Cost* cost) {
  engine_cost(sizes, p, cost);
  cost->cycles += static_cast<int>(GEMM_WORDS);
  cost->read_bytes += 4 * GEMM_WORDS;
  cost->written_bytes = 0;
  const double tiles = double{1} * p[GEMM_BATCH] * p[GEMM_GROUPS] *
                       pieces(p[GEMM_M], sizes.tile_m) * pieces(p[GEMM_N], sizes.tile_n);
  cost->fill = cost->cycles / tiles;
}

void stream_gemm_cost(const int* p, Cost* cost) { stream_engine_cost(kEngine, p, cost); }

void stream_pool_cost(const int* p, Cost* cost) {
  const int* window = p + STREAM_POOL + POOL_WINDOW;
  const WindowCost w = window_cost(window);
  const double tiles = p[STREAM_POOL_MATRICES] * pieces(p[STREAM_POOL_CHANNELS], FPGA_TILE_M);
  const double planes = double{1} * p[STREAM_POOL_MATRICES] * p[STREAM_POOL_CHANNELS];
  cost->cycles = overhead(STREAM_POOL_WORDS, FPGA_NONE) + planes * (w.in + w.taps_out) +
                 2 * tiles * w.rows_in * kPipelineDepth;
  cost->written_bytes = 4 * planes * w.out;
  const double reach = double{1} * (window[WINDOW_KERNEL_Y] - 1) * window[WINDOW_DILATION_Y] + 1;
  cost->fill = reach * window[WINDOW_IN_X] * std::min(p[STREAM_POOL_CHANNELS], FPGA_TILE_M);
}

double chain_cycles(std::span<const Cost> kernels) {
  double slowest = 0, fill = 0, of_slowest = 0;
  for (const Cost& cost : kernels) {
    if (cost.cycles > slowest) {
      slowest = cost.cycles;
      of_slowest = cost.fill;
    }
    fill += cost.fill;
  }
  return slowest + fill - of_slowest;
}

void move_cost(const int* p, Cost* cost) {
  const double count = p[MOVE_COUNT];
  const int last = FPGA_AXES - 1;
  const bool burst = p[MOVE_FROM + last] == 1 && p[MOVE_TO + last] == 1;
  cost->cycles =
      overhead(MOVE_WORDS, FPGA_NONE) + kPipelineDepth + count * (burst ? 1 : kAccessCycles);
  cost->read_bytes = 4 * count;
  cost->written_bytes = 4 * count;
}

void quantize_cost(const int* p, Cost* cost) {
  cost->cycles = overhead(QUANTIZE_WORDS, FPGA_NONE) + kPipelineDepth + p[QUANTIZE_COUNT];
  cost->read_bytes = 4.0 * p[QUANTIZE_COUNT];
  cost->written_bytes = p[QUANTIZE_COUNT];
}

void convert_cost(const int* p, Cost* cost) {
  cost->cycles = overhead(CONVERT_WORDS, FPGA_NONE) + kPipelineDepth + p[CONVERT_COUNT];
  cost->read_bytes = p[CONVERT_COUNT];
  cost->written_bytes = 4.0 * p[CONVERT_COUNT];
}

void normalize_cost(const int* p, Cost* cost) {
  const double groups = p[NORMALIZE_GROUPS], count = groups * p[NORMALIZE_LENGTH];
  const int passes = p[NORMALIZE_GIVEN] ? 1 : p[NORMALIZE_CENTER] ? 3 : 2;
  cost->cycles = overhead(NORMALIZE_WORDS, FPGA_NONE) + passes * (count + groups * kPipelineDepth);
  cost->read_bytes = 4 * count * passes + 8 * count / p[NORMALIZE_INNER];
  cost->written_bytes = 4 * count;
}

void resize_cost(const int* p, Cost* cost) {
  const double rows = double{1} * p[RESIZE_PLANES] * p[RESIZE_OUT_Y];
  const double count = rows * p[RESIZE_OUT_X];
  cost->cycles = overhead(RESIZE_WORDS, FPGA_NONE) + 4 * count + rows * kPipelineDepth;
  cost->read_bytes = 28 * count;
  cost->written_bytes = 4 * count;
}

void winograd_cost(const int* p, Cost* cost) {
  const double filters = p[WINOGRAD_FILTERS], channels = p[WINOGRAD_CHANNELS];
  const double patches = std::ceil(p[WINOGRAD_OUT_Y] / 2.0) * std::ceil(p[WINOGRAD_OUT_X] / 2.0);
  const double filter_tiles = pieces(filters, FPGA_WINOGRAD_FILTERS);
  const double patch_tiles = pieces(patches, FPGA_WINOGRAD_PATCHES);
  const double steps = pieces(channels, FPGA_WINOGRAD_CHANNELS);
  // Weights and patches come side by side.
  const double load =
      16.0 * FPGA_WINOGRAD_CHANNELS * std::max(FPGA_WINOGRAD_FILTERS, FPGA_WINOGRAD_PATCHES);
  const double multiply = 16.0 * FPGA_WINOGRAD_CHANNELS * (FPGA_WINOGRAD_FILTERS / FPGA_PE_M) *
                          (FPGA_WINOGRAD_PATCHES / FPGA_PE_N);
  const double results =
      double{1} * p[WINOGRAD_BATCH] * filters * p[WINOGRAD_OUT_Y] * p[WINOGRAD_OUT_X];
  cost->cycles = overhead(WINOGRAD_WORDS, p[WINOGRAD_FUNCTION]) + results +
                 p[WINOGRAD_BATCH] * filter_tiles * patch_tiles *
                     (steps * (load + multiply + 2 * kPipelineDepth) + kPipelineDepth);
  cost->products = results * channels * 9;
  cost->read_bytes =
      64 * p[WINOGRAD_BATCH] * channels * (filter_tiles * patches + patch_tiles * filters) +
      table_bytes(p[WINOGRAD_FUNCTION]);
  cost->written_bytes = 4 * results;
}

}  // namespace oarlock::kernels::fpga
