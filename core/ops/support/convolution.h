#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/matrix_product.h"
#include "core/ops/support/window.h"

namespace oarlock::ops {

// The extents of a convolution of [batch, channels, ...] with [filters, channels / groups, ...].
struct ConvolutionSizes {
  int64_t batch = 0, channels = 0, filters = 0, groups = 1;
};

// Checks inputs X (at index x) and W (at index w) of a convolution and its attributes.
Result<Window> convolution_window(const InferContext& c, size_t x, size_t w);

double convolution_flops(std::span<const TypeInfo> inputs, std::span<const TypeInfo> outputs);

// y = x convolved with w, row-major. The input is gathered tile by tile of output positions into a
// matrix [channels / groups * kernel, positions].
// T as in matrix_product; cancelled() is asked once a tile.
template <class T>
Status convolve(const ConvolutionSizes& s, const Window& window, const T* x, const T* w, T* y,
                const std::function<bool()>& cancelled) {
  const int64_t kernel = window.kernel_elements();
  const int64_t in_plane = extent_product(window.input, 0, window.rank());
  const int64_t out_plane = extent_product(window.output, 0, window.rank());
  const int64_t group_channels = s.channels / s.groups;
  const int64_t group_filters = s.filters / s.groups;
  const int64_t depth = group_channels * kernel;
  const bool pointwise =
      kernel == 1 && in_plane == out_plane &&
      std::all_of(window.strides.begin(), window.strides.end(), [](int64_t n) { return n == 1; });
  const int64_t tile = window_tile(window, group_channels);
  std::vector<int64_t> offsets(pointwise ? 0 : static_cast<size_t>(kernel * tile));
  std::vector<T> columns(pointwise ? 0 : static_cast<size_t>(depth * tile));
  for (int64_t first = 0; first < out_plane; first += tile) {
    const int64_t count = std::min(tile, out_plane - first);
    if (!pointwise) window_offsets(window, first, count, offsets.data());
    for (int64_t n = 0; n < s.batch; ++n) {
      if (cancelled()) return Status(Code::cancelled, "the run was cancelled");
      for (int64_t g = 0; g < s.groups; ++g) {
        const T* from = x + (n * s.channels + g * group_channels) * in_plane;
        MatrixView<const T> b{from + first, in_plane, 1};
        if (!pointwise) {
          T* to = columns.data();
          for (int64_t channel = 0; channel < group_channels; ++channel, from += in_plane) {
            for (int64_t e = 0; e < kernel * count; ++e)
              *to++ = offsets[e] < 0 ? T{} : from[offsets[e]];
          }
          b = {columns.data(), count, 1};
        }
        T* out = y + (n * s.filters + g * group_filters) * out_plane + first;
        matrix_product<T>(group_filters, count, depth, {w + g * group_filters * depth, depth, 1}, b,
                          {out, out_plane, 1});
      }
    }
  }
  return {};
}

}  // namespace oarlock::ops
