#pragma once
// How convolutions through Fourier transforms of lines along one axis cut an image: along the axis
// into tiles of outputs, across it into strips of output lines.

#include <algorithm>
#include <cstdint>

#include "kernels/cpu/conv_shape.h"

namespace oarlock::kernels::cpu {

struct FourierBlocking {
  bool along_width = true;  // else along the height
  int64_t tile = 1;         // outputs of a tile along the axis
  int64_t strip = 1;        // lines of a strip across
  int64_t length = 1;       // of the transforms; at least fourier_length()
};

// One of the two axes of a convolution, in NCHW16c.
struct FourierAxis {
  int64_t in, out, kernel, stride, dilation, pad;
  int64_t in_step, out_step;  // floats from pixel to pixel

  FourierAxis(const ConvShape& s, bool width)
      : in(width ? s.in_width : s.in_height),
        out(width ? s.out_width : s.out_height),
        kernel(width ? s.kernel_width : s.kernel_height),
        stride(width ? s.stride_width : s.stride_height),
        dilation(width ? s.dilation_width : s.dilation_height),
        pad(width ? s.pad_left : s.pad_top),
        in_step(width ? 16 : s.in_width * 16),
        out_step(width ? 16 : s.out_width * 16) {}
  int64_t reach() const { return (kernel - 1) * dilation; }
};

// Numbers of a line such that what wraps around meets padding only.
inline int64_t fourier_length(const ConvShape& s, bool along_width, int64_t tile) {
  const FourierAxis a(s, along_width);
  int64_t needed = 1;
  for (int64_t first = 0; first < a.out; first += tile) {
    const int64_t outputs = std::min(tile, a.out - first);
    const int64_t begin = first - a.pad, end = begin + outputs + a.reach();
    const int64_t from = std::clamp<int64_t>(0, begin, end), to = std::clamp(a.in, from, end);
    // One padding serves both ends.
    needed = std::max({needed, outputs, to - from + std::max(from - begin, end - to)});
  }
  return needed;
}

// Outputs of a tile, and the line they are computed from: zeros, then pixels of the input.
struct FourierTile {
  int64_t first_output, outputs;
  int64_t left, first_pixel, pixels;

  FourierTile(const FourierAxis& along, const FourierBlocking& blocking, int64_t index)
      : first_output(index * blocking.tile),
        outputs(std::min(blocking.tile, along.out - first_output)) {
    const int64_t begin = first_output - along.pad, end = begin + outputs + along.reach();
    first_pixel = std::clamp<int64_t>(begin, 0, along.in);
    pixels = std::clamp<int64_t>(end, first_pixel, along.in) - first_pixel;
    left = std::clamp<int64_t>(-begin, 0, blocking.length - pixels);
  }
};

// Output lines of a strip, and the input lines they are computed from: slot i is line first_slot +
// i; slots outside [valid.begin, valid.end) are padding.
struct FourierStrip {
  int64_t first_line, lines;
  int64_t first_slot;
  Range valid;

  FourierStrip(const FourierAxis& across, const FourierBlocking& blocking, int64_t index)
      : first_line(index * blocking.strip),
        lines(std::min(blocking.strip, across.out - first_line)),
        first_slot(first_line * across.stride - across.pad) {
    const int64_t slots = (lines - 1) * across.stride + across.reach() + 1;
    valid.begin = std::clamp<int64_t>(-first_slot, 0, slots);
    valid.end = std::clamp<int64_t>(across.in - first_slot, valid.begin, slots);
  }
  // Of the largest strip.
  static int64_t slots(const FourierAxis& across, const FourierBlocking& blocking) {
    return (std::min(blocking.strip, across.out) - 1) * across.stride + across.reach() + 1;
  }
};

}  // namespace oarlock::kernels::cpu
