#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

// Channels picked from several NCHW16c tensors of equal extents, in any order: channel shuffles,
// concatenations and splits. Float32.
class ChannelGather {
 public:
  // Channel c of the output is channel `channels[c]` of the inputs' concatenation.
  ChannelGather(std::span<const int64_t> input_channels, std::span<const int64_t> channels);

  int64_t block_count() const { return static_cast<int64_t>(blocks_.size()) - 1; }
  // Writes `pixels` of `blocks` of one image; every input and the output has `plane` pixels. Lanes
  // beyond the last channel become zero.
  void run(const float* const* inputs, float* output, int64_t plane, Range blocks,
           Range pixels) const;

 private:
  friend struct ChannelGatherAccess;
  // What one vector of the output takes from one vector of an input.
  struct Part {
    int32_t input;
    int32_t block, lane;  // of the input's vector
    int32_t to;           // the first lane of the output's vector
    int32_t from[16];     // by lane of the output's vector
    int32_t taken[16];    // -1 where it is taken from here, else 0
  };
  std::vector<Part> parts_;
  std::vector<size_t> blocks_;  // the first part of each output block, then their number
};

}  // namespace oarlock::kernels::cpu
