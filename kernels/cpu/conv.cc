#include "kernels/cpu/conv.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/conv_tile-inl.h"
#include "kernels/cpu/transpose_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_CONV_CC_
#define OARLOCK_KERNELS_CPU_CONV_CC_
namespace oarlock::kernels::cpu {

// What the code of one instruction set needs of a DirectConv.
struct DirectConvAccess {
  using Tile = DirectConv::Tile;
  using Panel = DirectConv::Panel;
  const ConvShape& shape;
  bool by_rows;
  const Tile* tiles;
  const Panel* panels;
  int64_t panel_count;
  const int32_t* offsets;
  int64_t weights;

  explicit DirectConvAccess(const DirectConv& conv)
      : shape(conv.shape_),
        by_rows(conv.by_rows_),
        tiles(conv.tiles_.data()),
        panels(conv.panels_.data()),
        panel_count(conv.panel_count()),
        offsets(conv.offsets_.data()),
        weights(static_cast<int64_t>(conv.packed_size())) {}
};

// Pixels of a tile and of a part of one that fills the registers, blocks of a panel.
struct TileLimits {
  int pixels, part_pixels, blocks;
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_CONV_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

TileLimits tile_limits() { return {kTilePixels, kPartPixels, kPanelBlocks}; }

// From [filters][channels][taps] to [block of 16 channels][tap][channel][width].
void pack_filters(const float* from, int64_t filters, int64_t channels, int64_t taps, int64_t width,
                  float* to) {
  // A piece of a filter is a column of the result; short ones keep what is written in the cache.
  constexpr int64_t kPiece = 64;
  HWY_ALIGN float piece[kPiece * kPanelBlocks * 16];
  const int64_t length = channels * taps;
  for (int64_t begin = 0; begin < length; begin += kPiece) {
    const int64_t count = std::min(kPiece, length - begin);
    transpose_tile(from + begin, length, filters, count, piece, width);
    for (int64_t k = 0; k < count; ++k) {
      const int64_t channel = (begin + k) / taps, tap = (begin + k) % taps;
      const int64_t row = (channel / 16 * taps + tap) * 16 + channel % 16;
      std::copy_n(piece + k * width, filters, to + row * width);
    }
  }
}

// Runs tiles of one panel after another.
class DirectRunner {
 public:
  DirectRunner(const DirectConvAccess& conv, const DirectConv::Args& args)
      : conv_(conv),
        args_(args),
        table_(table(conv)),
        bounded_(is_bounds(args.activation)),
        last_channels_(conv.shape.groups == 1 ? last_channels(conv.shape.in_channels) : 16) {
    const ConvShape& s = conv.shape;
    set_bounds(args.activation, a_);
    a_.in_block_stride = s.in_pixels() * 16;
    a_.out_block_stride = s.out_pixels() * 16;
    a_.kernel_columns = static_cast<int32_t>(s.kernel_width);
    a_.row_stride = s.dilation_height * s.in_width * 16;
    a_.column_stride = s.dilation_width * 16;
    a_.taps = static_cast<int32_t>(s.taps());
    a_.prefetch = args.weights;
  }

  TileArgs& tile_args() { return a_; }

  // The next tiles are of this panel and some of its input blocks.
  void set_panel(int64_t index, Range blocks) {
    panel_ = &conv_.panels[index];
    width_ = panel_->out_blocks * 16;
    a_.weight_block_stride = conv_.shape.taps() * 16 * width_;
    a_.in_blocks = static_cast<int32_t>(blocks.end - blocks.begin);
    a_.first_chunk = blocks.begin == 0;
    a_.last_chunk = blocks.end == panel_->in_blocks;
    a_.last_channels = a_.last_chunk ? last_channels_ : 16;
    const int64_t first_block = panel_->first_in_block + blocks.begin;
    input_ = args_.input + first_block * a_.in_block_stride;
    weights_ = args_.weights + panel_->weights + blocks.begin * a_.weight_block_stride;
    a_.bias = args_.bias ? args_.bias + panel_->first_out_block * 16 : nullptr;
  }
  void set_panel(int64_t index) { set_panel(index, {0, conv_.panels[index].in_blocks}); }

  // Whether later pixels of the input are brought into the cache, by tiles that can do without.
  void bring_input(bool brings) { a_.brings = brings; }

  // The next tile, of so many pixels, is number i of n that bring the next chunk's weights.
  void sweep(int64_t pixels, int64_t i, int64_t n) {
    const int64_t floats = a_.in_blocks * a_.weight_block_stride;
    const int64_t steps = tile_steps(a_.in_blocks, a_.taps, pixels, panel_->out_blocks);
    a_.prefetch_step = 0;
    if (weights_ + floats >= args_.weights + conv_.weights) return;
    sweep_over(weights_ + floats, floats, i, n, steps, a_);
    a_.brings = true;
  }

  void run(int64_t index) { run(index, conv_.tiles[index].pixels); }
  // Of a pointwise convolution the pixels of further tiles too.
  void run(int64_t index, int64_t pixels) {
    const DirectConvAccess::Tile& tile = conv_.tiles[index];
    const int64_t at = panel_->first_out_block * a_.out_block_stride + tile.first_pixel * 16;
    a_.input = input_ + tile.input;
    a_.weights = weights_ + tile.first_row * conv_.shape.kernel_width * 16 * width_;
    a_.residual = args_.residual ? args_.residual + at : nullptr;
    a_.output = args_.output + at;
    a_.kernel_rows = tile.rows;
    a_.first_valid = tile.first_valid;
    a_.last_valid = tile.last_valid;
    a_.last_pixel = tile.pixels - 1;
    if (!conv_.by_rows) a_.offsets = conv_.offsets + index * a_.taps * kOffsetRow;
    table_->run(a_, pixels, panel_->out_blocks);
    if (bounded_ || !a_.last_chunk) return;
    for (int64_t block = 0; block < panel_->out_blocks; ++block) {
      float* out = a_.output + block * a_.out_block_stride;
      activate_f32(args_.activation, out, out, static_cast<size_t>(pixels) * 16);
    }
  }

 private:
  static const TileTable* table(const DirectConvAccess& conv) {
    if (!conv.by_rows) return &table_of<ByOffsets>;
    if (conv.shape.is_pointwise()) return &table_of<Pointwise>;
    return conv.shape.stride_width == 2 ? &table_of<ByRowsOfStride2> : &table_of<ByRows>;
  }

  const DirectConvAccess& conv_;
  const DirectConv::Args& args_;
  const TileTable* table_;
  bool bounded_;
  int32_t last_channels_;
  TileArgs a_ = {};
  const DirectConvAccess::Panel* panel_ = nullptr;
  int64_t width_ = 0;
  const float *input_ = nullptr, *weights_ = nullptr;
};

// Weights of a panel.
int64_t panel_floats(const DirectConvAccess& conv, int64_t index) {
  const DirectConvAccess::Panel& panel = conv.panels[index];
  return panel.in_blocks * conv.shape.taps() * 16 * panel.out_blocks * 16;
}

// For small tiles, which read weights often: a chunk of a panel's weights stays in the first-level
// cache while the tiles of a group read it, and the group's input in the second.
void run_chunks(const DirectConvAccess& conv, const DirectConv::Args& args, Range tiles,
                Range panels) {
  constexpr int64_t kGroupFloats = 48 * 1024;
  const ConvShape& s = conv.shape;
  DirectRunner runner(conv, args);
  const int64_t tile_floats = kTilePixels * s.in_channels * s.stride_height * s.stride_width;
  const int64_t in_group = std::max<int64_t>(kGroupFloats / tile_floats, 4);
  const int64_t count = tiles.end - tiles.begin, groups = (count + in_group - 1) / in_group;
  // The weights of one pixel are a stream that the hardware brings.
  const bool sweeps = s.out_pixels() > 1 && count * kTilePixels <= kMostSweeping * groups &&
                      conv.weights > kFarWeights;
  // Tiles of a pointwise convolution lie side by side; the activation comes while they are near.
  constexpr int64_t kNearTiles = 4;
  const bool side_by_side = s.is_pointwise() && conv.by_rows;
  const int64_t in_piece = !side_by_side ? 1 : is_bounds(args.activation) ? in_group : kNearTiles;
  const bool in_place = args.residual == args.output;  // then the output cannot hold partial sums
  for (int64_t g = 0; g < groups; ++g) {
    const Range group = {tiles.begin + count * g / groups, tiles.begin + count * (g + 1) / groups};
    const int64_t pieces = (group.end - group.begin + in_piece - 1) / in_piece;
    for (int64_t p = panels.begin; p < panels.end; ++p) {
      const int64_t blocks = conv.panels[p].in_blocks;
      const int64_t block_floats = panel_floats(conv, p) / blocks;
      const int64_t in_chunk =
          in_place ? blocks : std::max<int64_t>(kChunkFloats / block_floats, 1);
      const int64_t chunks = (blocks + in_chunk - 1) / in_chunk;
      for (int64_t c = 0; c < chunks; ++c) {
        runner.set_panel(p, {blocks * c / chunks, blocks * (c + 1) / chunks});
        for (int64_t t = group.begin; t < group.end; t += in_piece) {
          const DirectConvAccess::Tile& last = conv.tiles[std::min(t + in_piece, group.end) - 1];
          const int64_t pixels = last.first_pixel + last.pixels - conv.tiles[t].first_pixel;
          runner.bring_input(p == panels.begin);
          if (sweeps) runner.sweep(pixels, (t - group.begin) / in_piece, pieces);
          runner.run(t, pixels);
        }
      }
    }
  }
}

// For large tiles. They sweep over what comes next.
void run_panels(const DirectConvAccess& conv, const DirectConv::Args& args, Range tiles,
                Range panels) {
  const int64_t taps = conv.shape.taps();
  DirectRunner runner(conv, args);
  Upcoming upcoming = args.upcoming;
  // The operand that is walked in the inner loop is read once for every step of the outer one;
  // weights that fit the second-level cache are the better one to repeat.
  constexpr int64_t kRepeatableWeights = 128 * 1024;
  const int64_t count = tiles.end - tiles.begin;
  int64_t weights = 0;
  for (int64_t p = panels.begin; p < panels.end; ++p) weights += panel_floats(conv, p);
  if (weights <= kRepeatableWeights) {
    const int64_t share = upcoming.bytes() / (count * (panels.end - panels.begin));
    for (int64_t t = tiles.begin; t < tiles.end; ++t) {
      for (int64_t p = panels.begin; p < panels.end; ++p) {
        sweep_upcoming(upcoming, share, conv.panels[p].in_blocks * taps * 4, runner.tile_args());
        runner.set_panel(p);
        runner.run(t);
      }
    }
    return;
  }
  // The first tiles bring the next panel into the cache, which is mostly the next part's if it is
  // not in this one; the others what comes after.
  const auto panel_tiles = [&](int64_t p) {
    if (p + 1 == conv.panel_count) return int64_t{0};
    return upcoming.bytes() > 0 ? (count + 1) / 2 : count;
  };
  int64_t rest = 0;
  for (int64_t p = panels.begin; p < panels.end; ++p) rest += count - panel_tiles(p);
  const int64_t share = rest > 0 ? upcoming.bytes() / rest : 0;
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const int64_t sweeping = panel_tiles(p);
    const int64_t steps = conv.panels[p].in_blocks * taps * 4;
    runner.set_panel(p);
    for (int64_t t = tiles.begin; t < tiles.end; ++t) {
      if (const int64_t i = t - tiles.begin; i < sweeping) {
        sweep_over(args.weights + conv.panels[p + 1].weights, panel_floats(conv, p + 1), i,
                   sweeping, steps, runner.tile_args());
      } else {
        sweep_upcoming(upcoming, share, steps, runner.tile_args());
      }
      runner.run(t);
    }
  }
}

void scale_pixels(const float* from, const float* factors, int64_t pixels, float* to) {
  const F32 d;
  VecF32 factor[kBlockVectors];
  for (int j = 0; j < kBlockVectors; ++j) factor[j] = hn::LoadU(d, factors + j * kLanes);
  for (int64_t i = 0; i < pixels * 16; i += 16) {
#pragma GCC unroll 4
    for (int j = 0; j < kBlockVectors; ++j)
      hn::StoreU(hn::Mul(hn::LoadU(d, from + i + j * kLanes), factor[j]), d, to + i + j * kLanes);
  }
}

void scale_rows(const float* from, const float* factors, int64_t rows, int64_t width, float* to) {
  const F32 d;
  for (int64_t row = 0; row < rows; ++row, from += width, to += width) {
    const VecF32 factor = hn::Set(d, factors[row]);
    for (int64_t i = 0; i < width; i += kLanes)
      hn::StoreU(hn::Mul(hn::LoadU(d, from + i), factor), d, to + i);
  }
}

void run_direct(const DirectConvAccess& conv, const DirectConv::Args& args, Range tiles,
                Range panels) {
  if (tiles.begin >= tiles.end || panels.begin >= panels.end) return;
  (kSweeps ? run_panels : run_chunks)(conv, args, tiles, panels);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(tile_limits);
OARLOCK_EXPORT(pack_filters);
OARLOCK_EXPORT(scale_pixels);
OARLOCK_EXPORT(scale_rows);
OARLOCK_EXPORT(run_direct);

DirectConv::DirectConv(const ConvShape& shape, bool transposed)
    : shape_(shape), transposed_(transposed) {
  cut_tiles();
  cut_panels();
  if (!by_rows_) fill_offsets();
}

void DirectConv::cut_tiles() {
  const ConvShape& s = shape_;
  const TileLimits limits = OARLOCK_DISPATCH(tile_limits)();
  const int64_t most = limits.pixels, part = limits.part_pixels;
  // In tiles along a row the first and the last pixel may lie in the padding, for any kernel
  // column.
  const bool rows_fit =
      s.stride_width <= 2 && s.pad_left <= s.stride_width && s.right_overhang() <= s.stride_width;
  const int64_t row_parts = (s.out_width + part - 1) / part;
  const bool rows_fill = s.out_width * 5 >= row_parts * part * 4;
  by_rows_ =
      s.is_pointwise() || (!transposed_ && rows_fit && (rows_fill || s.out_pixels() > 32 * part));
  const int64_t row_length = by_rows_ && !s.is_pointwise() ? s.out_width : s.out_pixels();

  const int64_t in_row = (row_length + most - 1) / most;
  const int64_t rows = s.out_pixels() / row_length;
  tiles_.reserve(rows * in_row);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < in_row; ++i) {
      const int64_t begin = row_length * i / in_row, end = row_length * (i + 1) / in_row;
      Tile tile = {row * row_length + begin, static_cast<int32_t>(end - begin)};
      if (by_rows_) place_tile(tile);
      tiles_.push_back(tile);
    }
  }
}

void DirectConv::place_tile(Tile& tile) const {
  const ConvShape& s = shape_;
  if (s.is_pointwise()) {
    tile.input = tile.first_pixel * 16;
    return;
  }
  const int64_t oy = tile.first_pixel / s.out_width, ox = tile.first_pixel % s.out_width;
  const int64_t iy = oy * s.stride_height - s.pad_top, ix = ox * s.stride_width - s.pad_left;
  int64_t ky = 0, ky_end = s.kernel_height;
  while (ky < ky_end && iy + ky * s.dilation_height < 0) ++ky;
  while (ky < ky_end && iy + (ky_end - 1) * s.dilation_height >= s.in_height) --ky_end;
  int64_t first = 0, last = s.kernel_width;
  while (first < s.kernel_width && ix + first * s.dilation_width < 0) ++first;
  const int64_t last_x = ix + (tile.pixels - 1) * s.stride_width;
  while (last > 0 && last_x + (last - 1) * s.dilation_width >= s.in_width) --last;
  tile.first_row = static_cast<int32_t>(ky);
  tile.rows = static_cast<int32_t>(ky_end - ky);
  tile.first_valid = static_cast<int32_t>(first);
  tile.last_valid = static_cast<int32_t>(last);
  tile.input = ((iy + ky * s.dilation_height) * s.in_width + ix) * 16;
}

void DirectConv::cut_panels() {
  const ConvShape& s = shape_;
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  const int64_t most = OARLOCK_DISPATCH(tile_limits)().blocks;
  const int64_t wide = s.groups == 1 || out_group % (16 * most) == 0 ? most : 1;
  for (int64_t block = 0; block < s.out_blocks(); block += wide) {
    const int64_t blocks = std::min(wide, s.out_blocks() - block);
    const int64_t last_channel = std::min((block + blocks) * 16, s.out_channels) - 1;
    const int64_t first_group = block * 16 / out_group, last_group = last_channel / out_group;
    const int64_t in_begin = first_group * in_group / 16;
    const int64_t in_end = ((last_group + 1) * in_group + 15) / 16;
    panels_.push_back({static_cast<int64_t>(packed_size_), static_cast<int32_t>(in_begin),
                       static_cast<int32_t>(in_end - in_begin), static_cast<int32_t>(block),
                       static_cast<int32_t>(blocks)});
    packed_size_ += static_cast<size_t>((in_end - in_begin) * 16 * s.taps() * blocks * 16);
  }
}

void DirectConv::fill_offsets() {
  const ConvShape& s = shape_;
  constexpr int64_t kRow = 16;
  offsets_.assign(tiles_.size() * s.taps() * kRow, -1);
  int32_t* row = offsets_.data();
  for (const Tile& tile : tiles_) {
    for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
      for (int64_t kx = 0; kx < s.kernel_width; ++kx, row += kRow) {
        row[kRow - 1] = 0;
        for (int64_t i = 0; i < tile.pixels; ++i) {
          const int64_t oy = (tile.first_pixel + i) / s.out_width;
          const int64_t ox = (tile.first_pixel + i) % s.out_width;
          int64_t iy = oy * s.stride_height - s.pad_top + ky * s.dilation_height;
          int64_t ix = ox * s.stride_width - s.pad_left + kx * s.dilation_width;
          if (transposed_) {
            iy = oy + s.pad_top - ky * s.dilation_height;
            ix = ox + s.pad_left - kx * s.dilation_width;
            if (iy % s.stride_height != 0 || ix % s.stride_width != 0) continue;
            iy /= s.stride_height;
            ix /= s.stride_width;
          }
          if (iy < 0 || iy >= s.in_height || ix < 0 || ix >= s.in_width) continue;
          row[i] = static_cast<int32_t>((iy * s.in_width + ix) * 16);
          row[kRow - 1] = 1;
        }
      }
    }
  }
}

void DirectConv::pack_weights(const float* weights, float* packed, Range panels) const {
  const ConvShape& s = shape_;
  const int64_t in_group = s.in_channels / s.groups, out_group = s.out_channels / s.groups;
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const Panel& panel = panels_[static_cast<size_t>(p)];
    const int64_t width = panel.out_blocks * 16;
    const int64_t begin = panel.first_out_block * 16;
    const int64_t end = std::min(begin + width, s.out_channels);
    float* const start = packed + panel.weights;
    std::fill_n(start, panel.in_blocks * 16 * s.taps() * width, 0.0f);
    if (s.groups == 1 && !transposed_) {
      OARLOCK_DISPATCH(pack_filters)
      (weights + begin * in_group * s.taps(), end - begin, in_group, s.taps(), width, start);
      continue;
    }
    for (int64_t o = begin; o < end; ++o) {
      const int64_t first_channel = o / out_group * in_group;
      for (int64_t i = 0; i < in_group; ++i) {
        const int64_t channel = first_channel + i - panel.first_in_block * 16;
        const int64_t filter =
            transposed_ ? (first_channel + i) * out_group + o % out_group : o * in_group + i;
        const float* from = weights + filter * s.taps();
        float* to = start + ((channel / 16 * s.taps()) * 16 + channel % 16) * width + (o - begin);
        for (int64_t tap = 0; tap < s.taps(); ++tap) to[tap * 16 * width] = from[tap];
      }
    }
  }
}

void DirectConv::scale_input(const float* input, const float* factors, Range blocks,
                             float* scaled) const {
  const int64_t block_floats = shape_.in_pixels() * 16;
  for (int64_t b = blocks.begin; b < blocks.end; ++b) {
    OARLOCK_DISPATCH(scale_pixels)
    (input + b * block_floats, factors + b * 16, shape_.in_pixels(), scaled + b * block_floats);
  }
}

void DirectConv::scale_weights(const float* packed, const float* factors, Range panels,
                               float* scaled) const {
  for (int64_t p = panels.begin; p < panels.end; ++p) {
    const Panel& panel = panels_[static_cast<size_t>(p)];
    OARLOCK_DISPATCH(scale_rows)
    (packed + panel.weights, factors, panel.in_blocks * 16, panel.out_blocks * 16,
     scaled + panel.weights);
  }
}

void DirectConv::run(const Args& args, Range tiles, Range panels) const {
  OARLOCK_DISPATCH(run_direct)(DirectConvAccess(*this), args, tiles, panels);
}

void pad_bias(const float* bias, int64_t count, int64_t padded_count, float* padded) {
  std::copy_n(bias, count, padded);
  std::fill(padded + count, padded + padded_count, 0.0f);
}

}  // namespace oarlock::kernels::cpu
#endif
