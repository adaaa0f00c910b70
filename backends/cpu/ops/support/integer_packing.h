#pragma once

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/integer_product.h"

namespace oarlock::cpu {

inline bool is_byte(DType dtype) { return dtype == DType::uint8 || dtype == DType::int8; }

// A packed operand of an integer product with its sums; opaque layouts that the Relayout kernels of
// integer_packing.cc make of row-major tensors of bytes.
struct PackedIntegers {
  int64_t values = 0;  // bytes of packed values; the sums, int32, follow
  int64_t sums = 0;

  int64_t bytes() const { return values + 4 * sums; }
  const int32_t* sums_of(const std::byte* packed) const {
    return reinterpret_cast<const int32_t*>(packed + values);
  }
  int32_t* sums_of(std::byte* packed) const { return reinterpret_cast<int32_t*>(packed + values); }
};
// m rows of k values as a left operand, 64-byte multiples.
PackedIntegers packed_left(int64_t m, int64_t k);
// A k x n right operand.
PackedIntegers packed_right(int64_t k, int64_t n);

// For weights [M, C, ...], those of a convolution; for [.., k, n], one right operand after another.
Layout integer_rows_layout(const Shape& weights);
Layout integer_panels_layout(const Shape& b);

// The values of a zero point, int8 or uint8; one 0 where it is absent.
class ZeroPoints {
 public:
  ZeroPoints() = default;
  ZeroPoints(const KernelArgs& args, size_t input);
  int64_t count() const { return count_; }
  // A single one belongs to every i, others repeat.
  int32_t operator[](int64_t i) const {
    if (!data_) return 0;
    const int64_t at = count_ == 1 ? 0 : i % count_;
    return is_signed_ ? int32_t{static_cast<int8_t>(data_[at])} : int32_t{data_[at]};
  }

 private:
  const uint8_t* data_ = nullptr;
  bool is_signed_ = false;
  int64_t count_ = 1;
};

// The values of a scale, float32; a single one belongs to every i, others repeat.
class ScaleValues {
 public:
  ScaleValues(const KernelArgs& args, size_t input);
  int64_t count() const { return count_; }
  float operator[](int64_t i) const { return data_[count_ == 1 ? 0 : i % count_]; }

 private:
  const float* data_;
  int64_t count_;
};

// 8-bit results.
void quantize_to(kernels::cpu::IntegerFinish& finish, DType dtype, int32_t zero);

}  // namespace oarlock::cpu
