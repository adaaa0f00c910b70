#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Depthwise convolution NCHW16c -> NCHW16c, fp32: groups == in_channels == out_channels, any
// kernel, stride, dilation and padding:
//   output = activation(convolution(input, weights) + bias + residual)
// Work units: in_blocks() * out_height rows, row y of block b being b * out_height + y. Longer
// ranges waste less at their beginning.
struct DepthwiseArgs {
  const float* input = nullptr;
  const float* weights = nullptr;   // packed
  const float* bias = nullptr;      // padded to a multiple of 16, or null
  const float* residual = nullptr;  // like the output, or null
  float* output = nullptr;
  float* workspace = nullptr;  // depthwise_workspace() floats for each concurrent call
  Activation activation;
};

// Weights from [channel][1][ky][kx] to [block][ky][kx][16]; in_blocks() * taps() * 16 floats.
void pack_depthwise_weights(const ConvShape& shape, const float* weights, float* packed);
size_t depthwise_workspace(const ConvShape& shape);
void depthwise(const ConvShape& shape, const DepthwiseArgs& args, Range rows);

}  // namespace oarlock::kernels::cpu
