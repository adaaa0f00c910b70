#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/fourier.h"
#include "kernels/cpu/fourier_tiling.h"

namespace oarlock::kernels::cpu {

// Convolution of large kernels that sums over all channels, NCHW16c -> NCHW16c, fp32, one group:
//   output = activation(convolution(input, weights) + bias + residual)
// Lines along one axis go through Fourier transforms as in FourierDepthwise. For each number of the
// spectra the sum over input channels and the kernel's lines is then a matrix product: of output
// lines by (kernel line, input channel), whose row is a stretch of the input's spectra, with
// (kernel line, input channel) by output channels; complex, as two real ones with one matrix of
// weights. Every strip goes through three stages, each cut into units that may be computed in any
// order; no result depends on how units are divided among threads.
//
// The error of an output is that of FourierDepthwise, added up over input channels.
class FourierConv {
 public:
  // One group, stride 1 along the axis and dilation 1 across.
  static bool fits(const ConvShape& shape, bool along_width);

  FourierConv(const ConvShape& shape, const FourierBlocking& blocking);

  const FourierBlocking& blocking() const { return blocking_; }
  // Output channels are packed in panels: [number of the spectrum][panel][kernel's line][block of
  // input channels][re, im][16][channel of the panel].
  int64_t panel_count() const;
  // Floats of packed weights.
  size_t packed_size() const;
  // From OIHW. Of the shape only kernel, dilation and channels matter, of the blocking the axis and
  // the length.
  void pack_weights(const float* weights, float* packed, Range panels) const;

  struct Args {
    const float* input = nullptr;     // NCHW16c
    const float* weights = nullptr;   // packed
    const float* bias = nullptr;      // padded to a multiple of 16, or null
    const float* residual = nullptr;  // like the output, or null; may be the output
    float* output = nullptr;          // NCHW16c
    float* workspace = nullptr;       // workspace() floats
    Activation activation;
  };
  size_t workspace() const;
  // Floats of scratch memory for each concurrent call.
  size_t scratch() const;

  int64_t strips() const { return strips_; }
  // The three stages of a strip.
  int64_t forward_units() const;
  void forward(const Args& args, int64_t strip, int64_t unit, float* scratch) const;
  int64_t multiply_units() const { return numbers(); }
  void multiply(const Args& args, int64_t strip, int64_t unit, float* scratch) const;
  int64_t backward_units() const;
  void backward(const Args& args, int64_t strip, int64_t unit, float* scratch) const;

 private:
  friend struct FourierConvAccess;
  int64_t numbers() const { return blocking_.length / 2 + 1; }
  // From number to number of the spectra in the workspace: an odd count of channel blocks' numbers,
  // so that they do not meet in the same lines of the cache.
  int64_t in_number_floats() const { return (tiles_ * slots_ * shape_.in_blocks() | 1) * 32; }
  int64_t out_number_floats() const {
    return (tiles_ * strip_lines_ * shape_.out_blocks() | 1) * 32;
  }
  // Whether the rows of all tiles are one matrix's: every line of the output reads one of the
  // input.
  bool rows_together() const { return across_.kernel == 1 && across_.stride == 1; }
  int64_t depth() const { return across_.kernel * shape_.in_blocks() * 32; }  // of the products

  ConvShape shape_;
  FourierBlocking blocking_;
  FourierAxis along_, across_;
  int64_t tiles_, strips_, strip_lines_, slots_;
  std::vector<FourierStage<float>> stages_;
};

}  // namespace oarlock::kernels::cpu
