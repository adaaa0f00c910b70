#pragma once

#include <optional>

#include "backends/opencl/ops/support/tiles.h"

namespace oarlock::opencl {

// Forms into which oarlock.Relayout brings weights (ops/packing.cc). Each is an opaque layout whose
// tag says all there is to know.

// Row-major memory as panels: [matrices][panels][depth][width], where the element at depth k and
// column c of a matrix comes from k * depth_stride + c * column_stride, and is zero beyond the
// columns.
struct PanelPacking {
  int64_t matrices = 1, panels = 1, depth = 1, columns = 1, width = 1;
  int64_t depth_stride = 0, column_stride = 1, matrix_stride = 0;

  int64_t elements() const { return matrices * panels * depth * width; }
  Layout layout(DType dtype) const;
  static std::optional<PanelPacking> from(const Layout& layout);
};

// Packs with a kernel that takes the source and the panels. Matrix i begins at
// i / inner * matrix_stride + i % inner * inner_stride.
Result<LaunchPtr> pack_panels(ClDevice& device, DType dtype, const PanelPacking& packing,
                              int64_t inner = 1, int64_t inner_stride = 0);

// A vector as long as the columns of all panels.
Layout padded_vector(DType dtype, int64_t length, int64_t padded);

// Weights of a convolution as conv.cl reads them, and zeros behind them.
struct ConvPacking {
  int64_t taps = 1, in_channels = 1, out_channels = 1, groups = 1, width = 1, block = 1;
  bool transposed = false;

  ConvPacking() = default;
  ConvPacking(const Convolution& c, const Tile& tile)
      : taps(c.taps()),
        in_channels(c.in_channels),
        out_channels(c.out_channels),
        groups(c.groups),
        width(tile.width()),
        block(tile.block),
        transposed(c.transposed) {}

  int64_t group_in() const { return in_channels / groups; }
  int64_t group_out() const { return out_channels / groups; }
  int64_t in_blocks() const { return ceil_div(in_channels, block); }
  int64_t panels() const { return ceil_div(out_channels, width); }
  // Input channels that a panel reads, a multiple of 4: enough for every panel's groups.
  int64_t depth() const;
  // Of the packed weights without the zeros behind them.
  int64_t elements() const { return panels() * taps * depth() * width; }
  Layout layout(DType dtype) const;
  static std::optional<ConvPacking> from(const Layout& layout);
};

// Weights of a 3x3 convolution, transformed for minimal filtering with tiles of m x m pixels:
// (m + 2)^2 planes like those of a pointwise convolution, always float32.
struct WinogradPacking {
  int64_t m = 2, in_channels = 1, out_channels = 1, width = 1;

  int64_t planes() const { return (m + 2) * (m + 2); }
  int64_t depth() const { return ceil_div(in_channels, 4) * 4; }
  int64_t panels() const { return ceil_div(out_channels, width); }
  int64_t elements() const { return planes() * panels() * depth() * width; }
  Layout layout() const;
  static std::optional<WinogradPacking> from(const Layout& layout);
};

}  // namespace oarlock::opencl
