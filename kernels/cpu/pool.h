#pragma once

#include <cstdint>

#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Pooling of one image in NCHW16c: input and output hold in_blocks() blocks of channels; groups,
// out_channels and weights have no meaning. Work units: in_blocks() * out_height rows, row y of
// block b being b * out_height + y.
enum class PoolKind : uint8_t {
  max,                   // a window wholly in the padding gives the lowest float
  average,               // over the pixels that lie inside the input
  average_with_padding,  // over all pixels of the window inside the padded input
};

// For average_with_padding the padded input ends pad_bottom and pad_right beyond the input.
struct PoolPadding {
  int64_t bottom = 0, right = 0;
};

void pool(PoolKind kind, const ConvShape& shape, PoolPadding padding, const float* input,
          float* output, Range rows);

// Mean over all pixels of every channel, into blocks of 16 floats. Work units: blocks.
void global_average(const float* input, int64_t pixels, float* output, Range blocks);
void global_max(const float* input, int64_t pixels, float* output, Range blocks);

}  // namespace oarlock::kernels::cpu
