#pragma once
// Permutation of the axes of a dense array.

#include <cstdint>
#include <span>

namespace oarlock::kernels::cpu {

// Axes that stay together are merged. The work is cut into units that may run in any order.
struct Transpose {
  static constexpr int kMaxRank = 8;
  int64_t units = 0;
  int64_t element_size = 0;  // 1, 2, 4 or 8 bytes
  int rank = 0;              // outer axes walked one by one
  int64_t dims[kMaxRank] = {};
  int64_t from_strides[kMaxRank] = {};  // elements
  int64_t to_strides[kMaxRank] = {};
  // What is left: rows that stay contiguous (columns == 0), or a matrix of rows x columns.
  int64_t rows = 1;
  int64_t columns = 0;
  int64_t from_stride = 0;  // between rows of the source
  int64_t to_stride = 0;    // between columns in the destination
  int64_t blocks = 1;       // runs of columns
};

// The output's axis i is axis permutation[i] of the input, whose extents are `dims`. False when the
// element size is another one or more than kMaxRank axes are left after merging.
bool make_transpose(std::span<const int64_t> dims, std::span<const int64_t> permutation,
                    int64_t element_size, Transpose& plan);

void transpose(const Transpose& plan, const void* from, void* to, int64_t unit_begin,
               int64_t unit_end);

}  // namespace oarlock::kernels::cpu
