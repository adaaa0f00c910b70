#pragma once

#include <vector>

#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

// Elements that move: result index i, along each axis, comes from index i - begin of the source, or
// is the value of padding where that lies outside [0, inside). Strides and starts in elements.
struct StridedMove {
  struct Axis {
    int64_t extent = 1, begin = 0, inside = 1, from = 0, to = 0;
  };
  std::vector<Axis> axes;
  int64_t from_start = 0, to_start = 0;

  int64_t elements() const;
};

// Moves elements of a type in words of 32 bits; refuses other sizes and more axes than the kernel
// walks over, when those that can be joined are joined. `padding` are the bits of one word.
Result<Parameters> move_parameters(StridedMove move, DType dtype, int32_t padding = 0);

// Adds one move of `from` to `to`, tensors of the step, in a launch of its own.
Result<LaunchPtr> launch_move(XrtDevice& device, int from, int to, const Parameters& parameters);

// Whether elements of this type are whole words.
bool is_whole_words(DType dtype);

}  // namespace oarlock::xrt
