#pragma once
// Single-precision matrix products C = act(alpha * A * B + bias + residual) on bare arrays.
//
// A: m x k floats, addressed as a[row * a_row_stride + col * a_col_stride]; one stride is
// usually 1. B: cut into panels of gemm_panel_width() columns. A packed panel stores its k rows one
// after the
//    other, panel-width values each, columns past n filled with zeros; panels follow each other, so
//    packed B has gemm_packed_elements(k, n) values. B may also be used in place, row-major, when
//    only its last, partial panel is packed (GemmArgs::b_tail).
// C: m x n floats, rows contiguous. C may be the same memory as the residual, never A or B.
//
// A range call computes the rows and panels it names and nothing else, so callers may split both
// over threads in any way: an element's value has the same bits however the ranges are cut. All
// sizes and strides count elements. Nothing here allocates.

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/activation.h"

namespace oarlock::kernels::cpu {

// Columns of one panel and rows of the largest register tile on the running machine.
int64_t gemm_panel_width();
int64_t gemm_tile_rows();

inline int64_t gemm_panels(int64_t n) { return (n + gemm_panel_width() - 1) / gemm_panel_width(); }
inline int64_t gemm_packed_elements(int64_t k, int64_t n) {
  return gemm_panels(n) * gemm_panel_width() * k;
}

// How B's values are stored.
enum class GemmStorage : uint8_t { f32, f16, bf16, i8 };

// Packs panels [panel_begin, panel_end) of the k x n matrix b[row * row_stride + col * col_stride].
// `packed` points to panel 0 of the result.
void gemm_pack(const float* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
               int64_t panel_begin, int64_t panel_end, float* packed);
// The same for values of 16 and 8 bits, which stay as they are.
void gemm_pack_16(const uint16_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                  int64_t panel_begin, int64_t panel_end, uint16_t* packed);
void gemm_pack_8(const int8_t* b, int64_t row_stride, int64_t col_stride, int64_t k, int64_t n,
                 int64_t panel_begin, int64_t panel_end, int8_t* packed);

struct GemmArgs {
  int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int64_t a_row_stride = 0, a_col_stride = 1;
  const void* b = nullptr;                 // panel 0
  GemmStorage storage = GemmStorage::f32;  // narrower kinds: gemm_thin only
  int64_t b_row_stride = 0;                // from one k to the next; 0: packed
  int64_t b_panel_stride = 0;              // from one panel to the next; 0: packed
  bool b_transposed = false;      // B is n x k, row-major, and A's columns contiguous: gemm_thin
  const float* b_tail = nullptr;  // packed last panel for B used in place and n not a multiple
  float* c = nullptr;
  int64_t c_row_stride = 0;
  float alpha = 1.0f;
  const float* b_scale = nullptr;   // factors of B's n columns, or none: gemm_thin
  const float* bias = nullptr;      // n values, or none
  const float* residual = nullptr;  // m x n, rows contiguous, or none
  int64_t residual_row_stride = 0;  // 0 repeats one row
  Activation activation;
};

// Any shape. Rows [row_begin, row_end), panels [panel_begin, panel_end).
void gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin,
          int64_t panel_end);

// For m up to kGemmThinRows: every value of B is used few times, so the loop is built to stream B
// from memory; B may be stored in 16 or 8 bits. Its sums are ordered differently from those of
// gemm(): choose between the two by m alone.
inline constexpr int64_t kGemmThinRows = 3;
void gemm_thin(const GemmArgs& args, int64_t panel_begin, int64_t panel_end);

}  // namespace oarlock::kernels::cpu
