#include "kernels/cpu/conv_planar.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/conv_planar.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/cpu/activation-inl.h"
#include "kernels/cpu/conv_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_CONV_PLANAR_CC_
#define OARLOCK_KERNELS_CPU_CONV_PLANAR_CC_
namespace oarlock::kernels::cpu {

struct PlanarConvAccess {
  const ConvShape& shape;
  bool patches;
  int64_t strip_rows, panel_blocks, copied_rows, copied_columns;
  const int32_t* offsets;

  explicit PlanarConvAccess(const PlanarConv& conv)
      : shape(conv.shape_),
        patches(conv.patches_),
        strip_rows(conv.strip_rows_),
        panel_blocks(conv.panel_blocks_),
        copied_rows(conv.copied_rows_),
        copied_columns(conv.copied_columns_),
        offsets(conv.offsets_.data()) {}
};

}  // namespace oarlock::kernels::cpu
#endif  // OARLOCK_KERNELS_CPU_CONV_PLANAR_CC_

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

int64_t planar_panel_blocks() { return kPanelBlocks; }

// Adds the products of kTaps taps.
template <int kTaps, int kPixels, int kVectors>
HWY_INLINE void add_planar(const float* x, const int32_t* offsets, const float* weights,
                           VecF32 (&sums)[kPixels][kVectors]) {
#pragma GCC unroll 4
  for (int u = 0; u < kTaps; ++u) {
    const float* pixels = x + offsets[u];
    const auto value = [pixels](int i) HWY_ATTR { return hn::Set(F32(), pixels[i]); };
    add_products(value, weights + u * kVectors * kLanes, sums);
  }
}

// Pixels lie one after another, a float each, at an offset of its own for every tap.
template <int kPixels, int kBlocks>
HWY_NOINLINE void parts_planar(TileArgs& a, int64_t begin, int64_t end) {
  constexpr int kVectors = kBlocks * kBlockVectors, kStep = 4;
  Sweep sweep(a);
#pragma GCC unroll 1
  for (; begin < end; begin += kPixels) {
    VecF32 sums[kPixels][kVectors];
    sweep.advance();
    start_part(a, begin, sums);
    const float* w = a.weights;
    const float* x = a.input + begin;
    int32_t tap = 0;
#pragma GCC unroll 1
    for (; tap + kStep <= a.taps; tap += kStep, w += kStep * kVectors * kLanes)
      add_planar<kStep>(x, a.offsets + tap, w, sums);
#pragma GCC unroll 1
    for (; tap < a.taps; ++tap, w += kVectors * kLanes) add_planar<1>(x, a.offsets + tap, w, sums);
    finish_part(a, begin, sums);
  }
  a.prefetch = sweep.at;
}
template <int kPixels, int kBlocks>
struct Planar {
  static constexpr PartsFunction call = parts_planar<kPixels, kBlocks>;
};

// `count` columns of an input row, stride_width apart from column -shift on; zeros where the row
// has none, or is none.
void copy_columns(const ConvShape& s, const float* row, int64_t shift, int64_t count, float* to) {
  const int64_t stride = s.stride_width;
  int64_t begin = row && shift > 0 ? std::min((shift + stride - 1) / stride, count) : 0;
  int64_t end = row && s.in_width + shift > 0 ? (s.in_width + shift - 1) / stride + 1 : 0;
  end = std::clamp(end, begin, count);
  std::fill(to, to + begin, 0.0f);
  std::fill(to + end, to + count, 0.0f);
  if (begin == end) return;
  const float* from = row + begin * stride - shift;
  if (stride == 1) {
    std::memcpy(to + begin, from, static_cast<size_t>(end - begin) * sizeof(float));
  } else if (stride == 2) {
    for (int64_t i = begin; i < end; ++i) to[i] = from[(i - begin) * 2];
  } else {
    for (int64_t i = begin; i < end; ++i) to[i] = from[(i - begin) * stride];
  }
}

const float* input_row(const ConvShape& s, const float* input, int64_t channel, int64_t y) {
  return y >= 0 && y < s.in_height ? input + (channel * s.in_height + y) * s.in_width : nullptr;
}

// Input rows of one strip: [channel][row][column % stride][column / stride].
void copy_rows(const PlanarConvAccess& conv, const float* input, int64_t first_row, float* to) {
  const ConvShape& s = conv.shape;
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t r = 0; r < conv.copied_rows; ++r) {
      const float* row = input_row(s, input, c, first_row + r);
      for (int64_t phase = 0; phase < s.stride_width; ++phase, to += conv.copied_columns)
        copy_columns(s, row, s.pad_left - phase, conv.copied_columns, to);
    }
  }
}

// A row of the strip's output pixels for each tap: [channel, ky, kx][pixel].
void copy_patches(const PlanarConvAccess& conv, const float* input, int64_t first_y, float* to) {
  const ConvShape& s = conv.shape;
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
      for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
        for (int64_t r = 0; r < conv.strip_rows; ++r, to += s.out_width) {
          const int64_t iy = (first_y + r) * s.stride_height - s.pad_top + ky * s.dilation_height;
          copy_columns(s, input_row(s, input, c, iy), s.pad_left - kx * s.dilation_width,
                       s.out_width, to);
        }
      }
    }
  }
}

// Some taps of a panel's weights, which start at `weights`.
struct WeightChunk {
  int64_t block, blocks, tap, taps, weights;
};

// Number `unit` of all panels' first chunks, their second ones, ...
WeightChunk weight_chunk(const PlanarConvAccess& conv, Range panels, int64_t chunks, int64_t unit) {
  const ConvShape& s = conv.shape;
  const int64_t taps = s.in_channels * s.taps(), in_row = panels.end - panels.begin;
  WeightChunk c;
  c.block = (panels.begin + unit % in_row) * conv.panel_blocks;
  c.blocks = std::min(conv.panel_blocks, s.out_blocks() - c.block);
  c.tap = taps * (unit / in_row) / chunks;
  c.taps = taps * (unit / in_row + 1) / chunks - c.tap;
  c.weights = (c.block * taps + c.tap * c.blocks) * 16;
  return c;
}

void run_planar(const PlanarConvAccess& conv, const PlanarConv::Args& args, Range strips,
                Range panels) {
  if (panels.begin >= panels.end) return;
  const ConvShape& s = conv.shape;
  const int64_t taps = s.in_channels * s.taps();
  const bool bounded = is_bounds(args.activation);
  TileArgs a = {};
  set_bounds(args.activation, a);
  a.out_block_stride = s.out_pixels() * 16;
  a.prefetch = args.weights;
  // Chunks beside a row of pixels for each tap.
  constexpr int64_t kPlanarChunkFloats = 4 * 1024;
  const int64_t floats = taps * conv.panel_blocks * 16;
  const int64_t chunks =
      kSweeps ? 1 : std::max<int64_t>(1, (floats + kPlanarChunkFloats / 2) / kPlanarChunkFloats);
  const bool sweeps = conv.patches && chunks > 1 && conv.strip_rows * s.out_width <= kMostSweeping;
  for (int64_t strip = strips.begin; strip < strips.end; ++strip) {
    const int64_t y_begin = strip * conv.strip_rows;
    const int64_t y_end = std::min(y_begin + conv.strip_rows, s.out_height);
    if (conv.patches) {
      copy_patches(conv, args.input, y_begin, args.workspace);
    } else {
      copy_rows(conv, args.input, y_begin * s.stride_height - s.pad_top, args.workspace);
    }
    // Patches are one long row of pixels.
    const int64_t rows = conv.patches ? 1 : y_end - y_begin;
    const int64_t length = conv.patches ? (y_end - y_begin) * s.out_width : s.out_width;
    const int64_t row_step =
        conv.patches ? 0 : s.stride_height * s.stride_width * conv.copied_columns;
    const int64_t units = chunks * (panels.end - panels.begin);
    WeightChunk chunk = weight_chunk(conv, panels, chunks, 0);
    for (int64_t unit = 0; unit < units; ++unit) {
      const WeightChunk next = weight_chunk(conv, panels, chunks, std::min(unit + 1, units - 1));
      const int64_t block = chunk.block;
      a.weights = args.weights + chunk.weights;
      a.offsets = conv.offsets + chunk.tap;
      a.taps = static_cast<int32_t>(chunk.taps);
      a.first_chunk = chunk.tap == 0;
      a.last_chunk = chunk.tap + chunk.taps == taps;
      a.bias = args.bias ? args.bias + block * 16 : nullptr;
      if (sweeps) {
        sweep_over(args.weights + next.weights, next.taps * next.blocks * 16, 0, 1,
                   part_count(length, chunk.blocks), a);
      }
      for (int64_t r = 0; r < rows; ++r) {
        a.input = args.workspace + r * row_step;
        a.output = args.output + block * a.out_block_stride + (y_begin + r) * s.out_width * 16;
        table_of<Planar>.run(a, length, chunk.blocks);
        if (bounded || !a.last_chunk) continue;
        for (int64_t b = 0; b < chunk.blocks; ++b) {
          float* out = a.output + b * a.out_block_stride;
          activate_f32(args.activation, out, out, static_cast<size_t>(length) * 16);
        }
      }
      chunk = next;
    }
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {

OARLOCK_EXPORT(planar_panel_blocks);
OARLOCK_EXPORT(run_planar);

PlanarConv::PlanarConv(const ConvShape& shape) : shape_(shape) {
  const ConvShape& s = shape_;
  panel_blocks_ = OARLOCK_DISPATCH(planar_panel_blocks)();
  patches_ = s.stride_width >= s.kernel_width;
  if (patches_) {
    strip_rows_ = std::clamp<int64_t>(56 / s.out_width, 1, s.out_height);
    const int64_t pixels = strip_rows_ * s.out_width;
    for (int64_t k = 0; k < s.in_channels * s.taps(); ++k) {
      offsets_.push_back(static_cast<int32_t>(k * pixels));
    }
    workspace_ = static_cast<size_t>(s.in_channels * s.taps() * pixels);
    return;
  }
  strip_rows_ = std::min<int64_t>(8, s.out_height);
  copied_rows_ =
      (strip_rows_ - 1) * s.stride_height + (s.kernel_height - 1) * s.dilation_height + 1;
  copied_columns_ = s.out_width + (s.kernel_width - 1) * s.dilation_width / s.stride_width;
  for (int64_t c = 0; c < s.in_channels; ++c) {
    for (int64_t ky = 0; ky < s.kernel_height; ++ky) {
      for (int64_t kx = 0; kx < s.kernel_width; ++kx) {
        const int64_t column = kx * s.dilation_width;
        const int64_t row = (c * copied_rows_ + ky * s.dilation_height) * s.stride_width;
        offsets_.push_back(static_cast<int32_t>((row + column % s.stride_width) * copied_columns_ +
                                                column / s.stride_width));
      }
    }
  }
  workspace_ = static_cast<size_t>(s.in_channels * copied_rows_ * s.stride_width * copied_columns_);
}

size_t PlanarConv::packed_size() const {
  return static_cast<size_t>(shape_.out_blocks() * 16 * shape_.in_channels * shape_.taps());
}

void PlanarConv::pack_weights(const float* oihw, float* packed) const {
  const int64_t taps = shape_.in_channels * shape_.taps();
  for (int64_t block = 0; block < shape_.out_blocks(); block += panel_blocks_) {
    const int64_t width = std::min(panel_blocks_, shape_.out_blocks() - block) * 16;
    for (int64_t k = 0; k < taps; ++k) {
      for (int64_t i = 0; i < width; ++i) {
        const int64_t o = block * 16 + i;
        *packed++ = o < shape_.out_channels ? oihw[o * taps + k] : 0.0f;
      }
    }
  }
}

void PlanarConv::run(const Args& args, Range strips, Range panels) const {
  OARLOCK_DISPATCH(run_planar)(PlanarConvAccess(*this), args, strips, panels);
}

}  // namespace oarlock::kernels::cpu
#endif
