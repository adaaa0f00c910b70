#pragma once
// softmax(scale * Q * K^T + bias) * V for many heads in one pass: scores exist only as one tile.
// Follows the online softmax of Milakov and Gimelshein (arXiv 1805.02867) over tiles of keys.

#include <cstdint>

namespace oarlock::kernels::cpu {

// Strides count elements; the innermost stride of q, v and out is 1, so no operand needs to be
// transposed or copied beforehand.
struct Attention {
  int64_t batch = 1, heads = 1;
  int64_t heads_per_key = 1;  // query heads that share one key and value head
  int64_t q_length = 0, kv_length = 0;
  int64_t qk_width = 0, v_width = 0;
  struct Strides {
    int64_t batch = 0, head = 0, row = 0, column = 1;
  };
  Strides q, k, v, out;
  float scale = 1.0f;
  // Added to the scaled scores; strides 0 repeat. With `keep`, false removes a key instead.
  Strides bias;
  // Query i sees keys 0 .. i + causal_offset.
  bool causal = false;
  int64_t causal_offset = 0;
};

// Work is counted in units of one head and up to 128 queries; any split gives the same bits.
int64_t attention_units(const Attention& shape);
// Floats of scratch memory one call needs.
int64_t attention_workspace(const Attention& shape);

// `bias` and `keep` may be null, and not both are given.
void attention(const Attention& shape, const float* q, const float* k, const float* v,
               const float* bias, const bool* keep, float* out, float* workspace,
               int64_t unit_begin, int64_t unit_end);

}  // namespace oarlock::kernels::cpu
