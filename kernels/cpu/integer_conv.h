#pragma once
// Convolutions of 8-bit integers, see integer_product.h. An image is first copied with its padding
// written out and, for strides along rows, with columns of the same remainder side by side, so that
// every tap of a row of outputs reads neighbouring bytes.

#include <cstdint>

#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/integer_product.h"

namespace oarlock::kernels::cpu {

// A copied plane: `rows` rows of stride_width runs of `run` bytes.
struct PaddedPlane {
  int64_t rows = 0, run = 0, row_bytes = 0;
  int64_t bytes() const { return rows * row_bytes; }
};
PaddedPlane padded_plane(const ConvShape& shape);
// Bytes that may be read beyond the last plane.
inline constexpr int64_t kPaddedSlack = 64;
// Pixels outside the image have the value `fill`.
void pad_plane(const ConvShape& shape, const uint8_t* plane, uint8_t fill, uint8_t* to);

// The right operand of one group: k counts (channel, ky, kx), columns are output pixels. `planes`
// are the group's input channels, padded; the image itself when shape.is_pointwise().
// Panels [panel_begin, panel_end), at most kPatchPanels, are written from `packed` and `sums`
// (null: not wanted) on.
inline constexpr int64_t kPatchPanels = 8;
void pack_integer_patches(const ConvShape& shape, const uint8_t* planes, bool is_signed,
                          int64_t panel_begin, int64_t panel_end, uint8_t* packed, int32_t* sums);

// One output plane of one input plane (padded): rows [row_begin, row_end) of `c`, element 0 being
// the plane's first. Weights are those of packed values less their zero point, taps of them.
// `finish` holds what belongs to this plane: its row arrays are read at index 0; no column arrays.
void integer_depthwise(const ConvShape& shape, const uint8_t* plane, bool is_signed,
                       const int16_t* weights, const IntegerFinish& finish, void* c,
                       int64_t row_begin, int64_t row_end);

}  // namespace oarlock::kernels::cpu
