#include "core/ops/support/matrix_product.h"

#include <algorithm>

namespace oarlock::ops {

namespace {

constexpr int64_t kRows = 4;      // of a, in registers
constexpr int64_t kDepth = 256;   // summed up before it is added to c
constexpr int64_t kColumns = 64;  // of b, packed together

template <class T>
struct Vector {
  static constexpr int64_t kWidth = 16 / sizeof(T);
  typedef T Type __attribute__((vector_size(16), aligned(sizeof(T)), may_alias));
};

// A tile of 4 rows and two vectors of columns: packed_a is [depth][4], packed_b [depth][2 vectors].
template <class T>
void tile(int64_t depth, const T* packed_a, const T* packed_b, T* sums) {
  using V = typename Vector<T>::Type;
  constexpr int64_t w = Vector<T>::kWidth;
  V s00{}, s01{}, s10{}, s11{}, s20{}, s21{}, s30{}, s31{};
  for (int64_t p = 0; p < depth; ++p) {
    const V b0 = *reinterpret_cast<const V*>(packed_b);
    const V b1 = *reinterpret_cast<const V*>(packed_b + w);
    s00 += packed_a[0] * b0;
    s01 += packed_a[0] * b1;
    s10 += packed_a[1] * b0;
    s11 += packed_a[1] * b1;
    s20 += packed_a[2] * b0;
    s21 += packed_a[2] * b1;
    s30 += packed_a[3] * b0;
    s31 += packed_a[3] * b1;
    packed_a += kRows;
    packed_b += 2 * w;
  }
  V* out = reinterpret_cast<V*>(sums);
  out[0] = s00, out[1] = s01, out[2] = s10, out[3] = s11;
  out[4] = s20, out[5] = s21, out[6] = s30, out[7] = s31;
}

template <class T>
void pack_rows(int64_t rows, int64_t depth, MatrixView<const T> a, T* packed) {
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t p = 0; p < depth; ++p)
      packed[p * kRows + i] = i < rows ? a.data[i * a.row + p * a.column] : T{};
  }
}

template <class T>
void pack_columns(int64_t columns, int64_t depth, MatrixView<const T> b, T* packed) {
  constexpr int64_t width = 2 * Vector<T>::kWidth;
  for (int64_t j0 = 0; j0 < columns; j0 += width) {
    const int64_t count = std::min(width, columns - j0);
    T* panel = packed + j0 * depth;
    if (b.column == 1 && count == width) {
      for (int64_t p = 0; p < depth; ++p)
        std::copy_n(b.data + p * b.row + j0, width, panel + p * width);
    } else {
      for (int64_t j = 0; j < width; ++j) {
        for (int64_t p = 0; p < depth; ++p)
          panel[p * width + j] = j < count ? b.data[p * b.row + (j0 + j) * b.column] : T{};
      }
    }
  }
}

// Few rows, contiguous columns: no packing.
template <class T>
void few_rows(int64_t m, int64_t n, int64_t k, MatrixView<const T> a, MatrixView<const T> b,
              MatrixView<T> c, bool accumulate) {
  T sums[kColumns];
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j0 = 0; j0 < n; j0 += kColumns) {
      const int64_t columns = std::min(kColumns, n - j0);
      T* to = c.data + i * c.row + j0;
      for (int64_t p0 = 0; p0 < k || p0 == 0; p0 += kDepth) {
        std::fill_n(sums, columns, T{});
        for (int64_t p = p0; p < std::min(p0 + kDepth, k); ++p) {
          const T factor = a.data[i * a.row + p * a.column];
          const T* from = b.data + p * b.row + j0;
          for (int64_t j = 0; j < columns; ++j) sums[j] += factor * from[j];
        }
        if (p0 == 0 && !accumulate) {
          std::copy_n(sums, columns, to);
        } else {
          for (int64_t j = 0; j < columns; ++j) to[j] += sums[j];
        }
      }
    }
  }
}

}  // namespace

template <class T>
void matrix_product(int64_t m, int64_t n, int64_t k, MatrixView<const T> a, MatrixView<const T> b,
                    MatrixView<T> c, bool accumulate) {
  if (m < kRows && b.column == 1 && c.column == 1) {
    few_rows(m, n, k, a, b, c, accumulate);
    return;
  }
  constexpr int64_t width = 2 * Vector<T>::kWidth;
  alignas(64) T packed_a[kRows * kDepth];
  alignas(64) T packed_b[kColumns * kDepth];
  alignas(64) T sums[kRows * width];
  for (int64_t j0 = 0; j0 < n; j0 += kColumns) {
    const int64_t columns = std::min(kColumns, n - j0);
    for (int64_t p0 = 0; p0 < k || p0 == 0; p0 += kDepth) {
      const int64_t depth = std::min(kDepth, k - p0);
      const bool add = accumulate || p0 > 0;
      pack_columns<T>(columns, depth, {b.data + p0 * b.row + j0 * b.column, b.row, b.column},
                      packed_b);
      for (int64_t i0 = 0; i0 < m; i0 += kRows) {
        const int64_t rows = std::min(kRows, m - i0);
        pack_rows<T>(rows, depth, {a.data + i0 * a.row + p0 * a.column, a.row, a.column}, packed_a);
        for (int64_t j = 0; j < columns; j += width) {
          tile(depth, packed_a, packed_b + j * depth, sums);
          for (int64_t r = 0; r < rows; ++r) {
            T* to = c.data + (i0 + r) * c.row + (j0 + j) * c.column;
            const T* from = sums + r * width;
            const int64_t count = std::min(width, columns - j);
            if (add) {
              for (int64_t x = 0; x < count; ++x) to[x * c.column] += from[x];
            } else {
              for (int64_t x = 0; x < count; ++x) to[x * c.column] = from[x];
            }
          }
        }
      }
    }
  }
}

template void matrix_product(int64_t, int64_t, int64_t, MatrixView<const float>,
                             MatrixView<const float>, MatrixView<float>, bool);
template void matrix_product(int64_t, int64_t, int64_t, MatrixView<const double>,
                             MatrixView<const double>, MatrixView<double>, bool);
template void matrix_product(int64_t, int64_t, int64_t, MatrixView<const uint32_t>,
                             MatrixView<const uint32_t>, MatrixView<uint32_t>, bool);
template void matrix_product(int64_t, int64_t, int64_t, MatrixView<const uint64_t>,
                             MatrixView<const uint64_t>, MatrixView<uint64_t>, bool);

}  // namespace oarlock::ops
