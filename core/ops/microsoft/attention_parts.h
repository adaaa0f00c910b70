#pragma once

#include "core/ops/microsoft/inputs.h"

// What the attention operators of com.microsoft share.
namespace oarlock::ops {

// Operands of ONNX's Attention (25) with packed heads.
struct AttentionParts {
  ValueId query = kNone, key = kNone, value = kNone;  // [batch, sequence, heads * width]
  ValueId bias = kNone;                               // added to the scores
  ValueId past_key = kNone, past_value = kNone;       // [batch, heads, past, width]
  int64_t heads = 1;
  bool causal = false;
  float scale = 0;  // 0: 1 / sqrt(width)
};
// Output, present key, present value, probabilities.
std::vector<ValueId> add_attention(Decomposition& d, const AttentionParts& parts);

// Input `mask` (int32) as a bias for the scores: [batch, total] or [batch, queries, total] with 0
// where a key is hidden, [batch] with the number of keys, or [2 * batch] with ends, then starts.
// kNone when that is not known yet.
ValueId mask_bias(Decomposition& d, size_t mask, DType dtype, int64_t batch, int64_t total);
Status expect_mask(const InferContext& c, size_t mask, std::string_view name, int64_t batch,
                   int64_t queries, int64_t total);
// a + b, where either may be kNone.
ValueId add_biases(Decomposition& d, ValueId a, ValueId b);

Status expect_heads(int64_t heads, std::string_view attribute, int64_t width,
                    std::string_view what);
// Of extents; kUnknown when one is, or on overflow.
inline int64_t sum_of(int64_t a, int64_t b) {
  int64_t sum = 0;
  return a == Shape::kUnknown || b == Shape::kUnknown || __builtin_add_overflow(a, b, &sum)
             ? Shape::kUnknown
             : sum;
}
inline int64_t product_of(int64_t a, int64_t b) { return extent_product({a, b}, 0, 2); }

}  // namespace oarlock::ops
