#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Convolution NCHW16c -> NCHW16c, fp32, of groups of 4 or 8 channels in and as many out, any
// kernel, dilation and padding, strides along the width of 1 or 2:
//   output = activation(convolution(input, weights) + bias + residual)
// Vectors hold channels of several groups. Where a block's channels lie such that the same channels
// of its groups are neighbours, one load that repeats these fills a vector: so the rows of the
// input are reordered on the way in, results on the way out, and nothing is multiplied by zero. The
// work is cut into channel blocks and rows of the output.
struct GroupedConvArgs {
  const float* input = nullptr;
  const float* weights = nullptr;   // packed
  const float* bias = nullptr;      // padded to a multiple of 16, or null
  const float* residual = nullptr;  // like the output, or null
  float* output = nullptr;
  float* workspace = nullptr;  // grouped_conv_workspace() floats for each concurrent call
  Activation activation;
};

// Whether the kernel is for this shape.
bool grouped_conv_fits(const ConvShape& shape);
size_t grouped_conv_packed_size(const ConvShape& shape);
// Weights from [channel][channel of the group][ky][kx]; zeros beyond the last channel.
void pack_grouped_weights(const ConvShape& shape, const float* weights, float* packed);
size_t grouped_conv_workspace(const ConvShape& shape);
void grouped_conv(const ConvShape& shape, const GroupedConvArgs& args, Range blocks, Range rows);

}  // namespace oarlock::kernels::cpu
