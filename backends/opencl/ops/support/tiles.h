#pragma once

#include <cstdint>

#include "backends/opencl/ops/support/convolution.h"
#include "backends/opencl/program.h"

namespace oarlock::opencl {

// What one work-item of a product computes: `rows` (pixels) times `vectors` vectors of columns
// (channels), each as wide as the device's channel block.
struct Tile {
  int64_t rows = 1, vectors = 1, block = 4;

  int64_t width() const { return vectors * block; }
  int64_t panels(int64_t columns) const { return ceil_div(columns, width()); }
  int64_t tiles(int64_t count) const { return ceil_div(count, rows); }
};
// The tile that tuning asks for, or the one with the least padding among those that run well on the
// device; at most so wide.
Tile choose_tile(int64_t rows, int64_t columns, const Device& device,
                 int64_t most_width = kMostElements);

// kernels/opencl/<name>.cl after tile.cl, compiled for a tile, an activation and a type of storage,
// with which it computes if `half_arithmetic`, else with float.
Result<ProgramSource> tiled_program(std::string_view name, const Tile& tile,
                                    const Activation& activation, DType dtype, Defines defines,
                                    bool half_arithmetic = false);

// Whether a session asked for arithmetic in the type of a node's values, float16.
inline bool computes_in_half(DType dtype, const Device& device) {
  return dtype == DType::float16 && cl_device(device).settings().half_arithmetic;
}

// Tiles and panels as dimensions of the work, in groups of four along the first.
struct TileWork {
  Work work;
  cl_int rows_first = 0;  // dimension 0 counts tiles, else panels
};
// Rows first where the panels (bytes of all of them) do not stay in the cache, so that one panel
// does.
TileWork tile_work(const Tile& tile, int64_t tiles, int64_t columns, int64_t batch,
                   int64_t panel_bytes);

}  // namespace oarlock::opencl
