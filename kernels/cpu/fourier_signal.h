#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/fourier.h"

namespace oarlock::kernels::cpu {

// Convolution of signals with long filters, one dimension (heights are 1), stride and dilation 1,
// any groups, row-major NCW -> row-major NCW, fp32:
//   output = activation(convolution(input, weights) + bias + residual)
// The output is cut into segments of `hop` values, a filter into parts that are as long; the
// spectrum of segment t is the sum over parts j of the spectrum of the input's window t + j times
// that of part j (overlap-save with a partitioned filter; Stockham 1966). A vector's lanes are
// segments next to each other. Chunks of segments are computed by themselves, so results do not
// depend on how they are divided among threads.
//
// The error of an output is at most 4 * 2^-24 * log2(length) times the sum, over channels and
// parts, of |part| * |two windows| (Euclidean); relative to the largest output it is about 5e-7.
// Unlike in a direct sum a large value, infinity or NaN disturbs whole segments.
class FourierSignal {
 public:
  struct Blocking {
    int64_t hop = 1;  // outputs of a segment
    int64_t part =
        1;  // weights of a part: the filter's length, or as many as a segment has outputs
    int64_t length = 2;  // of the transforms; at least hop + part - 1
    int64_t chunk = 1;   // segments
  };
  static bool fits(const ConvShape& shape);

  FourierSignal(const ConvShape& shape, const Blocking& blocking);

  int64_t chunks() const { return (segments_ + blocking_.chunk - 1) / blocking_.chunk; }
  const Blocking& blocking() const { return blocking_; }
  // Floats of packed weights: [output channel][number of the spectrum][input channel of its
  // group][part][re, im].
  size_t packed_size() const;
  // From [output channel][input channel of its group][tap].
  void pack_weights(const float* weights, float* packed, Range out_channels) const;
  // Floats of workspace for each concurrent call.
  size_t workspace() const;

  struct Args {
    const float* input = nullptr;     // row-major
    const float* weights = nullptr;   // packed
    const float* bias = nullptr;      // of every output channel, or null
    const float* residual = nullptr;  // like the output, or null
    float* output = nullptr;          // row-major
    float* workspace = nullptr;
    Activation activation;
  };
  // One chunk of all output channels of a group.
  void run(const Args& args, int64_t group, int64_t chunk) const;

 private:
  friend struct FourierSignalAccess;

  ConvShape shape_;
  Blocking blocking_;
  int64_t parts_, segments_;
  std::vector<FourierStage<float>> stages_;
};

}  // namespace oarlock::kernels::cpu
