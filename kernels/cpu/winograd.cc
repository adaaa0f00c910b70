#include "kernels/cpu/winograd.h"

#include <algorithm>

#include "kernels/cpu/targets.h"
#include "kernels/cpu/winograd_weights.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/winograd.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/conv_tile-inl.h"
#include "kernels/cpu/winograd_transform-inl.h"

#ifndef OARLOCK_KERNELS_CPU_WINOGRAD_CC_
#define OARLOCK_KERNELS_CPU_WINOGRAD_CC_
namespace oarlock::kernels::cpu {

// What the code of one instruction set needs of a WinogradConv.
struct WinogradAccess {
  const ConvShape& shape;
  int m;
  int64_t first_tile, tiles, block_tiles, tiles_wide, panel_blocks;
  int64_t in_plane, out_plane, planes;

  WinogradAccess(const WinogradConv& conv, int64_t block)
      : shape(conv.shape_),
        m(conv.m_),
        first_tile(block * conv.block_tiles_),
        tiles(conv.tiles_in(block)),
        block_tiles(conv.block_tiles_),
        tiles_wide(conv.tiles_wide_),
        panel_blocks(conv.panel_blocks_),
        in_plane(static_cast<int64_t>(conv.in_plane_)),
        out_plane(static_cast<int64_t>(conv.out_plane_)),
        planes(conv.plane_count()) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_WINOGRAD_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

int64_t winograd_panel_blocks() { return kPanelBlocks; }
int64_t winograd_register_tiles() { return part_pixels(1); }
int64_t winograd_panel_register_tiles() { return kPartPixels; }

template <int m>
void transform_inputs(const WinogradAccess& w, const WinogradConv::Args& args, Range units) {
  constexpr int kSize = m + 2;
  const F32 d;
  const ConvShape& s = w.shape;
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    const int64_t block = unit / w.tiles, local = unit % w.tiles, tile = w.first_tile + local;
    const int64_t iy = tile / w.tiles_wide * m - s.pad_top,
                  ix = tile % w.tiles_wide * m - s.pad_left;
    const bool inside = iy >= 0 && ix >= 0 && iy + kSize <= s.in_height && ix + kSize <= s.in_width;
    const float* plane = args.input + block * s.in_pixels() * 16;
    float* out = args.workspace + (block * w.block_tiles + local) * 16;
    const float* pixels[kSize][kSize];
    if (!inside) {
      for (int y = 0; y < kSize; ++y) {
        for (int x = 0; x < kSize; ++x) {
          const bool valid =
              iy + y >= 0 && iy + y < s.in_height && ix + x >= 0 && ix + x < s.in_width;
          pixels[y][x] = valid ? plane + ((iy + y) * s.in_width + ix + x) * 16 : kZeroBlock;
        }
      }
    }
    const int64_t row_stride = s.in_width * 16;
    for (int j = 0; j < kBlockVectors; ++j) {
      const int64_t lane = j * kLanes;
      VecF32 half[kSize][kSize];  // columns transformed, transposed
      const float* corner = plane + (iy * s.in_width + ix) * 16 + lane;
#pragma GCC unroll 8
      for (int x = 0; x < kSize; ++x) {
        VecF32 column[kSize], result[kSize];
        if (inside) {
#pragma GCC unroll 8
          for (int y = 0; y < kSize; ++y)
            column[y] = hn::LoadU(d, corner + y * row_stride + x * 16);
        } else {
#pragma GCC unroll 8
          for (int y = 0; y < kSize; ++y) column[y] = hn::LoadU(d, pixels[y][x] + lane);
        }
        input_transform<m>(column, result);
#pragma GCC unroll 8
        for (int y = 0; y < kSize; ++y) half[y][x] = result[y];
      }
#pragma GCC unroll 8
      for (int y = 0; y < kSize; ++y) {
        VecF32 result[kSize];
        input_transform<m>(half[y], result);
#pragma GCC unroll 8
        for (int x = 0; x < kSize; ++x) {
          hn::StoreU(result[x], d, out + (y * kSize + x) * w.in_plane + lane);
        }
      }
    }
  }
}

template <int m, class F>
HWY_INLINE void transform_outputs(const WinogradAccess& w, const WinogradConv::Args& args,
                                  Range units, const F& activate) {
  constexpr int kSize = m + 2;
  const F32 d;
  const ConvShape& s = w.shape;
  const float* products = args.workspace + w.planes * w.in_plane;
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    const int64_t block = unit / w.tiles, local = unit % w.tiles, tile = w.first_tile + local;
    const int64_t oy = tile / w.tiles_wide * m, ox = tile % w.tiles_wide * m;
    const int64_t high = std::min<int64_t>(m, s.out_height - oy);
    const int64_t wide = std::min<int64_t>(m, s.out_width - ox);
    const int64_t at = (block * s.out_pixels() + oy * s.out_width + ox) * 16;
    const float* in = products + (block * w.block_tiles + local) * 16;
    for (int j = 0; j < kBlockVectors; ++j) {
      const int64_t lane = j * kLanes;
      const VecF32 bias = args.bias ? hn::LoadU(d, args.bias + block * 16 + lane) : hn::Zero(d);
      VecF32 half[m][kSize];
#pragma GCC unroll 8
      for (int x = 0; x < kSize; ++x) {
        VecF32 column[kSize], result[m];
#pragma GCC unroll 8
        for (int y = 0; y < kSize; ++y) {
          column[y] = hn::LoadU(d, in + (y * kSize + x) * w.out_plane + lane);
        }
        output_transform<m>(column, result);
#pragma GCC unroll 8
        for (int y = 0; y < m; ++y) half[y][x] = result[y];
      }
#pragma GCC unroll 8
      for (int y = 0; y < m; ++y) {
        if (y >= high) break;
        VecF32 result[m];
        output_transform<m>(half[y], result);
        const int64_t row = at + y * s.out_width * 16 + lane;
#pragma GCC unroll 8
        for (int x = 0; x < m; ++x) {
          if (x >= wide) break;
          VecF32 sum = hn::Add(result[x], bias);
          if (args.residual) sum = hn::Add(sum, hn::LoadU(d, args.residual + row + x * 16));
          hn::StoreU(activate(sum), d, args.output + row + x * 16);
        }
      }
    }
  }
}

// Chunks of a panel's weights.
int64_t chunk_count(const WinogradAccess& w, int64_t out_blocks) {
  if (kSweeps || w.tiles <= part_pixels(static_cast<int>(out_blocks))) return 1;
  const int64_t floats = w.shape.in_blocks() * 16 * out_blocks * 16;
  return std::max<int64_t>((floats + kChunkFloats - 1) / kChunkFloats, 1);
}

void multiply_planes(const WinogradAccess& w, const WinogradConv::Args& args, Range units) {
  const ConvShape& s = w.shape;
  const int64_t in_channels = s.in_blocks() * 16, out_channels = s.out_blocks() * 16;
  const int64_t panels = (s.out_blocks() + w.panel_blocks - 1) / w.panel_blocks;
  TileArgs a = {};
  a.in_block_stride = a.out_block_stride = w.block_tiles * 16;
  a.prefetch = args.weights;
  const bool sweeps = kSweeps || w.planes * in_channels * out_channels > kFarWeights;
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    const int64_t plane = unit / panels, panel = unit % panels;
    const int64_t first = panel * w.panel_blocks;
    const int64_t blocks = std::min(w.panel_blocks, s.out_blocks() - first);
    a.weight_block_stride = 16 * blocks * 16;
    const float* weights =
        args.weights + plane * in_channels * out_channels + first * 16 * in_channels;
    const float* in = args.workspace + plane * w.in_plane;
    float* out =
        args.workspace + w.planes * w.in_plane + plane * w.out_plane + first * w.block_tiles * 16;
    a.output = out;
    const int64_t chunks = chunk_count(w, blocks);
    for (int64_t c = 0; c < chunks; ++c) {
      const int64_t begin = s.in_blocks() * c / chunks, end = s.in_blocks() * (c + 1) / chunks;
      a.input = in + begin * a.in_block_stride;
      a.weights = weights + begin * a.weight_block_stride;
      a.in_blocks = static_cast<int32_t>(end - begin);
      a.first_chunk = c == 0;
      a.last_chunk = c + 1 == chunks;
      a.brings = kSweeps || unit == units.begin || panel == 0;
      a.prefetch_step = 0;
      if (sweeps && (unit + 1 < w.planes * panels || !a.last_chunk)) {
        const int64_t length = (end - begin) * a.weight_block_stride;
        sweep_over(a.weights + length, length, 0, 1, tile_steps(end - begin, 1, w.tiles, blocks),
                   a);
        a.brings = true;
      }
      table_of<Pointwise>.run(a, w.tiles, blocks);
    }
  }
}

void transform_input_target(const WinogradAccess& w, const WinogradConv::Args& args, Range units) {
  if (w.m == 2) return transform_inputs<2>(w, args, units);
  if (w.m == 4) return transform_inputs<4>(w, args, units);
  transform_inputs<6>(w, args, units);
}

template <int m>
void transform_and_activate(const WinogradAccess& w, const WinogradConv::Args& args, Range units) {
  const F32 d;
  if (is_bounds(args.activation)) {
    const Bounds bounds = bounds_of(args.activation);
    const VecF32 low = hn::Set(d, bounds.low), high = hn::Set(d, bounds.high);
    transform_outputs<m>(w, args, units,
                         [=](VecF32 x) HWY_ATTR { return min_of(high, max_of(low, x)); });
    return;
  }
  // A tile at a time, so that its row is still in the cache when the function is applied.
  for (int64_t unit = units.begin; unit < units.end; ++unit) {
    transform_outputs<m>(w, args, {unit, unit + 1}, [](VecF32 x) HWY_ATTR { return x; });
    const ConvShape& s = w.shape;
    const int64_t block = unit / w.tiles, tile = w.first_tile + unit % w.tiles;
    const int64_t oy = tile / w.tiles_wide * m, ox = tile % w.tiles_wide * m;
    const int64_t wide = std::min<int64_t>(m, s.out_width - ox);
    for (int64_t y = oy; y < std::min<int64_t>(oy + m, s.out_height); ++y) {
      float* row = args.output + (block * s.out_pixels() + y * s.out_width + ox) * 16;
      activate_f32(args.activation, row, row, static_cast<size_t>(wide) * 16);
    }
  }
}

void transform_output_target(const WinogradAccess& w, const WinogradConv::Args& args, Range units) {
  if (w.m == 2) return transform_and_activate<2>(w, args, units);
  if (w.m == 4) return transform_and_activate<4>(w, args, units);
  transform_and_activate<6>(w, args, units);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(winograd_panel_blocks);
OARLOCK_EXPORT(winograd_register_tiles);
OARLOCK_EXPORT(winograd_panel_register_tiles);
OARLOCK_EXPORT(transform_input_target);
OARLOCK_EXPORT(multiply_planes);
OARLOCK_EXPORT(transform_output_target);

bool WinogradConv::fits(const ConvShape& s) {
  return s.kernel_height == 3 && s.kernel_width == 3 && s.stride_height == 1 &&
         s.stride_width == 1 && s.dilation_height == 1 && s.dilation_width == 1 && s.groups == 1;
}

int64_t WinogradConv::register_tiles() { return OARLOCK_DISPATCH(winograd_register_tiles)(); }
int64_t WinogradConv::panel_register_tiles() {
  return OARLOCK_DISPATCH(winograd_panel_register_tiles)();
}

WinogradConv::WinogradConv(const ConvShape& shape, int m, int64_t block_tiles)
    : shape_(shape),
      m_(m),
      tiles_high_((shape.out_height + m - 1) / m),
      tiles_wide_((shape.out_width + m - 1) / m),
      panel_blocks_(OARLOCK_DISPATCH(winograd_panel_blocks)()) {
  block_tiles_ = std::clamp<int64_t>(block_tiles, 1, tile_count());
  // An odd number of cache lines, lest all planes of a tile fall into the same cache set.
  in_plane_ = static_cast<size_t>((shape.in_blocks() * block_tiles_) | 1) * 16;
  out_plane_ = static_cast<size_t>((shape.out_blocks() * block_tiles_) | 1) * 16;
}

size_t WinogradConv::packed_size() const {
  return static_cast<size_t>(plane_count() * shape_.in_blocks() * 16 * shape_.out_blocks() * 16);
}

void WinogradConv::pack_weights(const float* oihw, float* packed, Range panels) const {
  const ConvShape& s = shape_;
  const int64_t in_channels = s.in_blocks() * 16, out_channels = s.out_blocks() * 16;
  WinogradPanel panel;
  panel.m = m_;
  panel.in_channels = s.in_channels;
  panel.plane_stride = in_channels * out_channels;
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t first = p * panel_blocks_ * 16;
    panel.width = std::min(panel_blocks_ * 16, out_channels - first);
    panel.filters = std::min(panel.width, s.out_channels - first);
    panel.oihw = oihw + first * s.in_channels * 9;
    panel.packed = packed + first * in_channels;
    pack_winograd_panel(panel);
    for (int64_t plane = 0; plane < plane_count(); ++plane) {
      float* rest = panel.packed + plane * panel.plane_stride + s.in_channels * panel.width;
      std::fill_n(rest, (in_channels - s.in_channels) * panel.width, 0.0f);
    }
  }
}

void WinogradConv::transform_input(const Args& args, int64_t block, Range units) const {
  OARLOCK_DISPATCH(transform_input_target)(WinogradAccess(*this, block), args, units);
}
void WinogradConv::multiply(const Args& args, int64_t block, Range units) const {
  OARLOCK_DISPATCH(multiply_planes)(WinogradAccess(*this, block), args, units);
}
void WinogradConv::transform_output(const Args& args, int64_t block, Range units) const {
  OARLOCK_DISPATCH(transform_output_target)(WinogradAccess(*this, block), args, units);
}

void WinogradConv::run_block(const Args& args, int64_t block) const {
  transform_input(args, block, {0, input_units(block)});
  multiply(args, block, {0, multiply_units()});
  transform_output(args, block, {0, output_units(block)});
}

}  // namespace oarlock::kernels::cpu
#endif
