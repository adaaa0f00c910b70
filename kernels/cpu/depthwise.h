#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/upcoming.h"

namespace oarlock::kernels::cpu {

// Depthwise convolution NCHW16c -> NCHW16c, fp32: groups == in_channels == out_channels, any
// kernel, stride, dilation and padding:
//   output = activation(convolution(input, weights) + bias + residual)
// The work is cut into groups of channel blocks and rows of the output. Longer ranges of rows waste
// less at their beginning with an expansion.
//
// With an expansion the input is what a pointwise convolution makes of another tensor,
//   input = activation(convolution(expansion.input, expansion.weights) + expansion.bias),
// computed a row at a time when it is needed, so that it never travels through memory.
struct Expansion {
  const float* input = nullptr;  // NCHW16c, of the extents of the depthwise convolution's input
  int64_t in_channels = 1;
  const float* weights = nullptr;  // packed by DirectConv
  const float* bias = nullptr;     // padded to a multiple of 16, or null
  Activation activation;
  Upcoming upcoming = {};  // what to bring into the cache meanwhile
};

struct DepthwiseArgs {
  const float* input = nullptr;
  const float* weights = nullptr;   // packed
  const float* bias = nullptr;      // padded to a multiple of 16, or null
  const float* residual = nullptr;  // like the output, or null
  float* output = nullptr;
  float* workspace = nullptr;  // depthwise_workspace() floats for each concurrent call
  Activation activation;
  const Expansion* expansion = nullptr;  // or null; given: there is no input
};

// Weights from [channel][1][ky][kx] to [block][ky][kx][16]; in_blocks() * taps() * 16 floats.
void pack_depthwise_weights(const ConvShape& shape, const float* weights, float* packed);
size_t depthwise_workspace(const ConvShape& shape, bool expanded = false);
int64_t depthwise_groups(const ConvShape& shape, bool expanded = false);
void depthwise(const ConvShape& shape, const DepthwiseArgs& args, Range groups, Range rows);

}  // namespace oarlock::kernels::cpu
