#pragma once

#include <cstdint>

namespace oarlock::ops {

// A matrix whose element (i, j) lies at data[i * row + j * column].
template <class T>
struct MatrixView {
  T* data = nullptr;
  int64_t row = 0;
  int64_t column = 1;
};

// c = a * b with a of m x k, b of k x n, or c += a * b when `accumulate`. T is float, double,
// uint32_t or uint64_t (integers wrap around). The order of summation depends on k alone.
template <class T>
void matrix_product(int64_t m, int64_t n, int64_t k, MatrixView<const T> a, MatrixView<const T> b,
                    MatrixView<T> c, bool accumulate = false);

}  // namespace oarlock::ops
