#include "backends/opencl/ops/support/tiles.h"

#include <algorithm>
#include <array>
#include <span>

#include "backends/opencl/ops/support/expression.h"
#include "backends/opencl/ops/support/tuned.h"

namespace oarlock::opencl {

Tile choose_tile(int64_t rows, int64_t columns, const Device& device, int64_t most_width) {
  const Traits& traits = cl_device(device).traits();
  if (const std::optional<TileForm> form = tuned_form()) {
    const Tile tile{std::min(form->rows, rows), form->vectors, traits.channel_block};
    if (tile.vectors == 1 || tile.width() <= most_width) return tile;
  }
  struct Form {
    int64_t rows, vectors;
    double speed;  // relative, without padding
  };
  // Accumulators, weights and a broadcast element fill 32 registers at most; a GPU has fewer.
  static constexpr Form kWide[] = {{6, 4, 1.0}, {7, 2, 0.95}, {7, 3, 0.93}, {7, 1, 0.75}};
  static constexpr Form kNarrow[] = {{6, 2, 1.0}, {7, 1, 0.8}};
  static constexpr Form kGpu[] = {{4, 2, 1.0}, {4, 1, 0.8}};
  std::span<const Form> forms = kGpu;
  if (traits.is_cpu) forms = traits.channel_block >= 16 ? std::span<const Form>(kWide) : kNarrow;
  Tile best;
  double least = 0;
  for (const Form& form : forms) {
    const Tile tile{std::min(form.rows, rows), form.vectors, traits.channel_block};
    if (tile.vectors > 1 && tile.width() > most_width) continue;
    const double cost = static_cast<double>(tile.tiles(rows) * tile.rows) *
                        static_cast<double>(tile.panels(columns) * tile.vectors) / form.speed;
    if (least != 0 && cost >= least) continue;
    least = cost;
    best = tile;
  }
  return best;
}

Result<ProgramSource> tiled_program(std::string_view name, const Tile& tile,
                                    const Activation& activation, DType dtype, Defines defines,
                                    bool half_arithmetic) {
  if (half_arithmetic) defines.set("HALF_ARITHMETIC");
  defines.set("P", tile.rows)
      .set("U", tile.vectors)
      .set("V", tile.block)
      .set("ACTIVATION(T, a)", activation_text(activation))
      .element("REAL", dtype);
  return embedded_program(name, defines, {"tile"});
}

TileWork tile_work(const Tile& tile, int64_t tiles, int64_t columns, int64_t batch,
                   int64_t panel_bytes) {
  constexpr int64_t kGroup = 4, kCached = 512 * 1024;
  const int64_t panels = tile.panels(columns);
  const bool rows_first = panels < kGroup || panel_bytes > kCached;
  const std::array<int64_t, 3> items = {rows_first ? tiles : panels, rows_first ? panels : tiles,
                                        batch};
  return {Work::grid(items, {kGroup, 1, 1}), rows_first};
}

}  // namespace oarlock::opencl
