#pragma once
// The greatest or smallest values of a row.

#include <cstdint>

namespace oarlock::kernels::cpu {

// 64-bit numbers of scratch memory that top_k() needs.
int64_t top_k_scratch(int64_t n, int64_t k);

// The k (1 to n < 2^32) greatest, or smallest, of n values in order, and where they are. NaN counts
// as the greatest number; among equal values the first comes first. Results lie `stride` apart.
void top_k(const float* x, int64_t n, int64_t k, bool largest, uint64_t* scratch, float* values,
           int64_t* indices, int64_t stride);

}  // namespace oarlock::kernels::cpu
