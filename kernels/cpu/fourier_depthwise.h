#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/fourier.h"
#include "kernels/cpu/fourier_tiling.h"

namespace oarlock::kernels::cpu {

// Depthwise convolution of large kernels, NCHW16c -> NCHW16c, fp32, groups == in_channels ==
// out_channels:
//   output = activation(convolution(input, weights) + bias + residual)
// Lines along one axis go through Fourier transforms (two real lines at a time, every channel of a
// block in its lane), their spectra are multiplied by those of the kernel's lines and added up
// across, and the sums are transformed back. The output is cut into tiles along the axis and strips
// of lines across; each is computed by itself, so results do not depend on how they are divided
// among threads.
//
// The error of an output is at most 4 * 2^-24 * log2(length) times the sum, over the kernel's
// lines, of |kernel line| * |input line of the tile| (Euclidean); relative to the largest output it
// is about 5e-7. Unlike in a direct sum a large value, infinity or NaN disturbs its whole line.
class FourierDepthwise {
 public:
  // Depthwise, and stride 1 along the axis.
  static bool fits(const ConvShape& shape, bool along_width);

  FourierDepthwise(const ConvShape& shape, const FourierBlocking& blocking);

  const FourierBlocking& blocking() const { return blocking_; }
  // Floats of packed weights: [block][number of the spectrum][kernel's line][re, im][16].
  size_t packed_size() const;
  // From [channel][1][ky][kx], blocks of 16 channels. Of the shape only kernel, dilation and
  // channels matter, of the blocking the axis and the length.
  void pack_weights(const float* weights, float* packed, Range blocks) const;
  // Floats of workspace for each concurrent call.
  size_t workspace() const;
  // Tiles times strips, tiles inner.
  int64_t parts() const { return tiles_ * strips_; }

  struct Args {
    const float* input = nullptr;     // NCHW16c
    const float* weights = nullptr;   // packed
    const float* bias = nullptr;      // padded to a multiple of 16, or null
    const float* residual = nullptr;  // like the output, or null; may be the output
    float* output = nullptr;          // NCHW16c
    float* workspace = nullptr;
    Activation activation;
  };
  // One part of one block of 16 channels.
  void run(const Args& args, int64_t block, int64_t part) const;

 private:
  friend struct FourierDepthwiseAccess;

  ConvShape shape_;
  FourierBlocking blocking_;
  FourierAxis along_, across_;
  int64_t tiles_, strips_;
  int64_t slots_;  // lines that a strip reads, at least as many as it writes
  std::vector<FourierStage<float>> stages_;
};

}  // namespace oarlock::kernels::cpu
