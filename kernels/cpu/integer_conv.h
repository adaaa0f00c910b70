#pragma once
// Convolutions of 8-bit integers, see integer_product.h. An image is first copied with its padding
// written out and, for strides along rows, with columns of the same remainder side by side, so that
// every tap of a row of outputs reads neighbouring pixels.

#include <cstdint>

#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/integer_product.h"

namespace oarlock::kernels::cpu {

// A copied plane: `rows` rows of stride_width runs of `run` pixels.
struct PaddedPlane {
  int64_t rows = 0, run = 0, row_pixels = 0;
  int64_t pixels() const { return rows * row_pixels; }
};
PaddedPlane padded_plane(const ConvShape& shape);
// How many pixels of a padded plane after its first one each tap of output pixel 0 is.
void integer_tap_offsets(const ConvShape& shape, int64_t* offsets);
// Bytes that may be read beyond the last plane.
inline constexpr int64_t kPaddedSlack = 64;
// Pixels outside the image have the value `fill`.
void pad_plane(const ConvShape& shape, const uint8_t* plane, uint8_t fill, uint8_t* to);
// `channels` (at most 4) planes of the image, one after the other, into one plane of four bytes a
// pixel; channels that are missing become `fill`. `scratch` takes a row of the result.
void pad_planes(const ConvShape& shape, const uint8_t* planes, int64_t channels, uint8_t fill,
                uint8_t* scratch, uint8_t* to);

// A product's depth: (four channels, ky, kx, channel of the four); of a pointwise convolution,
// whose image stays as it is, the channels.
inline int64_t integer_conv_depth(const ConvShape& shape) {
  const int64_t channels = shape.in_channels / shape.groups;
  return shape.is_pointwise() ? channels : integer_depth(channels) * shape.taps();
}
// Weights [m][channels][taps] of one or more groups as a left operand of that depth.
void pack_integer_filters(const uint8_t* weights, bool is_signed, int64_t channels, int64_t taps,
                          int64_t row_begin, int64_t row_end, uint8_t* packed, int32_t* sums);
// The right operand of one group: columns are output pixels. `offsets`: integer_tap_offsets().
// `planes` are the group's channels, made by pad_planes(); of a pointwise convolution, the image's.
// Panels [panel_begin, panel_end), at most kPatchPanels, are written from `packed` (and up to 64
// bytes beyond) and `sums` (null: not wanted) on.
inline constexpr int64_t kPatchPanels = 8;
void pack_integer_patches(const ConvShape& shape, const int64_t* offsets, const uint8_t* planes,
                          bool is_signed, int64_t panel_begin, int64_t panel_end, uint8_t* packed,
                          int32_t* sums);

// One output plane of one input plane (padded): rows [row_begin, row_end) of `c`, element 0 being
// the plane's first. There is an even number of offsets and weights, paired_taps() each; a tap too
// many has weight 0. Weights are those of packed values less their zero point. `finish` holds what
// belongs to this plane: its row arrays are read at index 0; no column arrays.
inline int64_t paired_taps(const ConvShape& shape) { return (shape.taps() + 1) / 2 * 2; }
void integer_depthwise(const ConvShape& shape, const int64_t* offsets, const uint8_t* plane,
                       bool is_signed, const int16_t* weights, const IntegerFinish& finish, void* c,
                       int64_t row_begin, int64_t row_end);

}  // namespace oarlock::kernels::cpu
