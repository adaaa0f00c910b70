#pragma once
// Normalizations on dense float arrays.

#include <cstdint>

#include "kernels/cpu/activation.h"

namespace oarlock::kernels::cpu {

struct LayerNorm {
  int64_t width = 0;             // values normalized together
  const float* scale = nullptr;  // width values, or none
  const float* bias = nullptr;   // width values, or none
  float epsilon = 1e-5f;
  bool center = true;  // false: RMS normalization, x / sqrt(mean(x^2) + epsilon)
};

// Rows [row_begin, row_end) of `width` values: y = (x - mean) / sqrt(variance + epsilon) * scale +
// bias. With `residual`, x + residual is normalized, and stored in `sum` if that is given. y may be
// x or residual.
void layer_norm(const LayerNorm& norm, const float* x, const float* residual, float* sum, float* y,
                int64_t row_begin, int64_t row_end);

// Group and instance normalization: a group is `channels` planes of `inner` contiguous values,
// normalized together; scale and bias have one value per channel of the whole tensor.
struct GroupNorm {
  int64_t channels = 1;  // in one group
  int64_t groups = 1;    // in one sample
  int64_t inner = 1;
  const float* scale = nullptr;
  const float* bias = nullptr;
  float epsilon = 1e-5f;
};
// Groups [begin, end), counted over all samples.
void group_norm(const GroupNorm& norm, const float* x, float* y, int64_t begin, int64_t end);

// y = act(x * scale[c] + shift[c]). The array is a list of rows; row r belongs to channel block
// r % blocks, whose `block` channels lie innermost, and has `inner` such blocks of values.
// Plain NCHW: block 1, blocks C, inner H*W. NCHW16c: block 16, blocks ceil(C/16), inner H*W, with
// scale and shift padded to whole blocks. Channels last: block C, blocks 1.
struct ChannelAffine {
  int64_t block = 1;
  int64_t blocks = 1;
  int64_t inner = 1;
  const float* scale = nullptr;
  const float* shift = nullptr;
  Activation activation;
};
// Rows [row_begin, row_end); y may be x.
void channel_affine(const ChannelAffine& affine, const float* x, float* y, int64_t row_begin,
                    int64_t row_end);

}  // namespace oarlock::kernels::cpu
