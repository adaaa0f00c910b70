#pragma once
// Products of matrices of 8-bit integers with 32-bit sums, exact modulo 2^32.
//
// The left operand, m x k, is packed row by row; the right one, k x n, in panels of panel_width
// columns: four values of k of every column, then the next four. Depths are padded to
// integer_depth(k) with zeros. Packing brings left values into -128..127 and right values into
// 0..255; left_zero() and right_zero() bring zero points along. Nothing here allocates.

#include <cstdint>

namespace oarlock::kernels::cpu {

struct IntegerPacking {
  int64_t panel_width, tile_rows;
  int64_t left_bytes;  // of a packed left value
};
// On the running machine.
IntegerPacking integer_packing();
// For tests: whether instructions that multiply and add four bytes at once may be used (default).
// To be called before anything is packed; not thread-safe.
void allow_byte_dot_products(bool allowed);

inline int64_t integer_depth(int64_t k) { return (k + 3) / 4 * 4; }
inline int64_t integer_panels(int64_t n) {
  const int64_t width = integer_packing().panel_width;
  return (n + width - 1) / width;
}
inline int64_t integer_left_row(int64_t k) {
  return integer_depth(k) * integer_packing().left_bytes;
}
inline int64_t integer_panel_bytes(int64_t k) {
  return integer_depth(k) * integer_packing().panel_width;
}
inline int32_t left_zero(bool is_signed, int32_t zero) { return is_signed ? zero : zero - 128; }
inline int32_t right_zero(bool is_signed, int32_t zero) { return is_signed ? zero + 128 : zero; }

// Element (row, col) at data[row * row_stride + col * col_stride].
struct ByteMatrix {
  const uint8_t* data = nullptr;
  bool is_signed = false;
  int64_t row_stride = 0, col_stride = 1;
};

// Rows [row_begin, row_end); `packed` and `sums` (of packed values, over k) are those of row 0.
void pack_integer_left(const ByteMatrix& a, int64_t k, int64_t row_begin, int64_t row_end,
                       uint8_t* packed, int32_t* sums);
// Panels [panel_begin, panel_end); `packed` and `sums` (of packed values, over k; null: not wanted)
// are those of panel 0. Columns past n hold values without meaning.
void pack_integer_right(const ByteMatrix& b, int64_t k, int64_t n, int64_t panel_begin,
                        int64_t panel_end, uint8_t* packed, int32_t* sums);

// What becomes of the sums of packed values, dot(i, j). With everything present:
//   sum = dot + row_add[i] + col_add[j] + row_sum_factor[i] * col_sum[j]
//         + row_zero_factor[i] * col_zero[j]
//   int32: sum; otherwise v = sum * row_scale[i] * col_scale[j] + col_bias[j]
//   float32: v; 8 bits: min(max(round_half_even(v) + zero, low), high), NaN counting as 0.
// Null: left out. Arrays of columns have whole panels.
struct IntegerFinish {
  enum class Kind : uint8_t { int32, float32, uint8, int8 };
  Kind kind = Kind::int32;
  const int32_t* row_add = nullptr;
  const int32_t* col_add = nullptr;
  const int32_t* row_sum_factor = nullptr;
  const int32_t* col_sum = nullptr;
  const int32_t* row_zero_factor = nullptr;
  const int32_t* col_zero = nullptr;
  const float* row_scale = nullptr;
  const float* col_scale = nullptr;
  const float* col_bias = nullptr;
  int32_t zero = 0, low = 0, high = 0;
};

struct IntegerProduct {
  int64_t m = 0, n = 0, k = 0;
  const uint8_t* left = nullptr;   // row 0
  const uint8_t* right = nullptr;  // panel 0
  void* c = nullptr;               // element (0, 0), of the kind that `finish` makes
  int64_t c_row_stride = 0;        // elements
  IntegerFinish finish;
};

// Rows [row_begin, row_end) of panels [panel_begin, panel_end).
void integer_product(const IntegerProduct& args, int64_t row_begin, int64_t row_end,
                     int64_t panel_begin, int64_t panel_end);

}  // namespace oarlock::kernels::cpu
