// Matrix product for any shape, see gemm.h.
#include "kernels/cpu/gemm.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/gemm.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/cpu/gemm_tile-inl.h"
#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

int64_t panel_width() { return kPanelWidth; }
int64_t tile_rows() { return kTileRows; }

// Computes a tile of the last panel, which has fewer than kPanelWidth columns.
void run_partial_tile(Tile tile, TileFunction run, int64_t rows, int64_t columns) {
  HWY_ALIGN float out[kTileRows * kPanelWidth];
  HWY_ALIGN float bias[kPanelWidth] = {};
  HWY_ALIGN float residual[kTileRows * kPanelWidth];
  const size_t bytes = static_cast<size_t>(columns) * sizeof(float);
  float* c = tile.c;
  const int64_t c_row_stride = tile.c_row_stride;
  if (tile.bias) {
    std::memcpy(bias, tile.bias, bytes);
    tile.bias = bias;
  }
  if (tile.residual) {
    std::memset(residual, 0, sizeof residual);
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(residual + i * kPanelWidth, tile.residual + i * tile.residual_row_stride, bytes);
    tile.residual = residual;
    tile.residual_row_stride = kPanelWidth;
  }
  tile.c = out;
  tile.c_row_stride = kPanelWidth;
  run(tile);
  for (int64_t i = 0; i < rows; ++i)
    std::memcpy(c + i * c_row_stride, out + i * kPanelWidth, bytes);
}

void gemm_range(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin,
                int64_t panel_end) {
  const int64_t rows = row_end - row_begin;
  if (rows <= 0) return;
  const int64_t row_stride = args.b_row_stride ? args.b_row_stride : kPanelWidth;
  const int64_t panel_stride = args.b_panel_stride ? args.b_panel_stride : kPanelWidth * args.k;
  const float* b = static_cast<const float*>(args.b);
  const Bounds bounds = bounds_of(args.activation);
  const Strides strides = args.a_col_stride != 1      ? Strides::any
                          : row_stride == kPanelWidth ? Strides::packed
                                                      : Strides::unit;

  Tile tile;
  tile.a_row_stride = args.a_row_stride;
  tile.a_col_stride = args.a_col_stride;
  tile.c_row_stride = args.c_row_stride;
  tile.alpha = args.alpha;

  // A block of rows by depth stays in the second-level cache while all panels pass. The depth must
  // not depend on the range, or else bits would. Small tiles read a panel often: there it must lie
  // near too.
  constexpr int64_t kBlockFloats = 96 * 1024;
  constexpr int64_t kBlockRows = 384;
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  const int64_t row_blocks = (rows + kBlockRows - 1) / kBlockRows;
  constexpr int64_t kPanelDepth = kTileRows < 4 ? 512 : kBlockFloats;
  const int64_t most_depth = std::min(kBlockFloats / std::min(args.m, kBlockRows), kPanelDepth);
  const int64_t depth_blocks = std::max<int64_t>(1, (args.k + most_depth / 4) / most_depth);
  for (int64_t block = 0; block < row_blocks * depth_blocks; ++block) {
    const int64_t tile_begin = tiles * (block / depth_blocks) / row_blocks;
    const int64_t tile_end = tiles * (block / depth_blocks + 1) / row_blocks;
    const int64_t depth_block = block % depth_blocks;
    const int64_t k_begin = args.k * depth_block / depth_blocks / kDepthStep * kDepthStep;
    const bool first_depth = depth_block == 0;
    const bool last_depth = depth_block + 1 == depth_blocks;
    const int64_t k_end =
        last_depth ? args.k : args.k * (depth_block + 1) / depth_blocks / kDepthStep * kDepthStep;
    tile.k = k_end - k_begin;
    tile.low = last_depth ? bounds.low : -std::numeric_limits<float>::infinity();
    tile.high = last_depth ? bounds.high : std::numeric_limits<float>::infinity();
    tile.residual_row_stride = first_depth ? args.residual_row_stride : args.c_row_stride;
    for (int64_t p = panel_begin; p < panel_end; ++p) {
      const int64_t first = p * kPanelWidth;
      const int64_t columns = std::min(kPanelWidth, args.n - first);
      const bool partial = columns < kPanelWidth;
      tile.b = b + p * panel_stride + k_begin * row_stride;
      tile.b_row_stride = row_stride;
      if (partial && args.b_tail) {
        tile.b = args.b_tail + k_begin * kPanelWidth;
        tile.b_row_stride = kPanelWidth;
      }
      const TileFunctions& functions = tile_functions(columns, strides);
      tile.bias = args.bias && first_depth ? args.bias + first : nullptr;
      const bool ahead = args.b_panel_stride == 0 && (p + 2) * kPanelWidth <= args.n;
      const int64_t share = tile.k * kPanelWidth * 4 / std::max<int64_t>(1, tile_end - tile_begin);
      tile.prefetch_step = ahead ? share / std::max<int64_t>(1, tile.k / kDepthStep) : 0;
      const char* next = reinterpret_cast<const char*>(ahead ? tile.b + panel_stride : tile.b);
      for (int64_t i = tile_begin; i < tile_end; ++i) {
        const int64_t row = row_begin + rows * i / tiles;
        const int64_t count = row_begin + rows * (i + 1) / tiles - row;
        tile.a = args.a + row * args.a_row_stride + k_begin * args.a_col_stride;
        tile.c = args.c + row * args.c_row_stride + first;
        tile.residual = !first_depth    ? tile.c
                        : args.residual ? args.residual + row * args.residual_row_stride + first
                                        : nullptr;
        tile.prefetch = ahead ? next + (i - tile_begin) * share : next;
        const TileFunction run = functions[static_cast<size_t>(count - 1)];
        if (partial)
          run_partial_tile(tile, run, count, columns);
        else
          run(tile);
        if (last_depth && !is_bounds(args.activation))
          activate_rows(args.activation, tile.c, args.c_row_stride, count, columns);
      }
    }
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(panel_width);
OARLOCK_EXPORT(tile_rows);
OARLOCK_EXPORT(gemm_range);

int64_t gemm_panel_width() { return OARLOCK_DISPATCH(panel_width)(); }
int64_t gemm_tile_rows() { return OARLOCK_DISPATCH(tile_rows)(); }

void gemm(const GemmArgs& args, int64_t row_begin, int64_t row_end, int64_t panel_begin,
          int64_t panel_end) {
  OARLOCK_DISPATCH(gemm_range)(args, row_begin, row_end, panel_begin, panel_end);
}
}  // namespace oarlock::kernels::cpu
#endif
