#include "kernels/cpu/attention.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/gemm_tile-inl.h"
#include "kernels/cpu/row-inl.h"
#include "kernels/cpu/transpose_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_ATTENTION_ONCE_
#define OARLOCK_KERNELS_CPU_ATTENTION_ONCE_
namespace oarlock::kernels::cpu {
inline constexpr int64_t kAttentionQueries = 128;
inline constexpr int64_t kAttentionKeys = 256;  // a multiple of every panel width
}  // namespace oarlock::kernels::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

int64_t round_up(int64_t n) { return (n + kPanelWidth - 1) / kPanelWidth * kPanelWidth; }

// Scratch memory of one call.
struct Scratch {
  float* keys;    // packed panels of one tile of K^T
  float* values;  // the last, partial panel of one tile of V
  float* scores;  // queries x tile of keys
  float* sums;    // queries x v_width, rounded up
  float* peak;    // one per query
  float* total;
};

int64_t key_tile(const Attention& s) { return std::min(kAttentionKeys, round_up(s.kv_length)); }
int64_t query_tile(const Attention& s) { return std::min(kAttentionQueries, s.q_length); }

int64_t workspace_floats(const Attention& s) {
  const int64_t keys = key_tile(s);
  const int64_t queries = query_tile(s);
  return keys * s.qk_width + keys * kPanelWidth + queries * keys + queries * round_up(s.v_width) +
         2 * queries + 16;
}

Scratch split_workspace(const Attention& s, float* memory) {
  const int64_t keys = key_tile(s);
  const int64_t queries = query_tile(s);
  Scratch scratch;
  scratch.keys = memory;
  scratch.values = scratch.keys + keys * s.qk_width;
  scratch.scores = scratch.values + keys * kPanelWidth;
  scratch.sums = scratch.scores + queries * keys;
  scratch.peak = scratch.sums + queries * round_up(s.v_width);
  scratch.total = scratch.peak + queries;
  return scratch;
}

void pack_keys(const Attention& s, const float* k, int64_t count, float* panels) {
  for (int64_t first = 0; first < count; first += kPanelWidth) {
    float* panel = panels + first * s.qk_width;
    const float* from = k + first * s.k.row;
    const int64_t columns = std::min(kPanelWidth, count - first);
    if (columns < kPanelWidth)
      std::memset(panel, 0, static_cast<size_t>(s.qk_width * kPanelWidth) * sizeof(float));
    if (s.k.column == 1) {
      transpose_tile(from, s.k.row, columns, s.qk_width, panel, kPanelWidth);
    } else {
      for (int64_t i = 0; i < s.qk_width; ++i)
        for (int64_t j = 0; j < columns; ++j)
          panel[i * kPanelWidth + j] = from[j * s.k.row + i * s.k.column];
    }
  }
}

void run_tiles(Tile& tile, int64_t rows) {
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  const float* a = tile.a;
  float* c = tile.c;
  const float* residual = tile.residual;
  tile.prefetch = reinterpret_cast<const char*>(tile.b);
  for (int64_t i = 0; i < tiles; ++i) {
    const int64_t row = rows * i / tiles;
    tile.a = a + row * tile.a_row_stride;
    tile.c = c + row * tile.c_row_stride;
    tile.residual = residual ? residual + row * tile.residual_row_stride : nullptr;
    tile_function(rows * (i + 1) / tiles - row, tile.a_col_stride == 1)(tile);
  }
}

Tile plain_tile() {
  Tile tile = {};
  tile.a_col_stride = 1;
  tile.alpha = 1.0f;
  tile.low = -std::numeric_limits<float>::infinity();
  tile.high = std::numeric_limits<float>::infinity();
  return tile;
}

void add_bias(const Attention::Strides& strides, const float* bias, const bool* keep, int64_t row,
              int64_t key, float* scores, int64_t count) {
  if (bias) {
    const float* from = bias + row * strides.row + key * strides.column;
    if (strides.column == 1)
      for (int64_t j = 0; j < count; ++j) scores[j] += from[j];
    else
      for (int64_t j = 0; j < count; ++j) scores[j] += from[j * strides.column];
  } else if (keep) {
    const bool* from = keep + row * strides.row + key * strides.column;
    for (int64_t j = 0; j < count; ++j)
      if (!from[j * strides.column]) scores[j] = -std::numeric_limits<float>::infinity();
  }
}

struct Head {
  const float* q;
  const float* k;
  const float* v;
  const float* bias;
  const bool* keep;
  float* out;
};

// Scores of `rows` queries with keys [key, key + count), turned into weights; `total` and `peak`
// are carried along, and earlier sums rescaled.
void weigh_tile(const Attention& s, const Head& head, const Scratch& w, int64_t query, int64_t rows,
                int64_t key, int64_t count) {
  const int64_t stride = key_tile(s);
  const int64_t width = round_up(s.v_width);
  Tile tile = plain_tile();
  tile.a = head.q + query * s.q.row;
  tile.a_row_stride = s.q.row;
  tile.b_row_stride = kPanelWidth;
  tile.k = s.qk_width;
  tile.c_row_stride = stride;
  tile.alpha = s.scale;
  const float* a = tile.a;
  for (int64_t first = 0; first < count; first += kPanelWidth) {
    tile.a = a;
    tile.b = w.keys + first * s.qk_width;
    tile.c = w.scores + first;
    run_tiles(tile, rows);
  }
  for (int64_t i = 0; i < rows; ++i) {
    float* scores = w.scores + i * stride;
    add_bias(s.bias, head.bias, head.keep, query + i, key, scores, count);
    if (s.causal) {
      const int64_t visible = std::clamp<int64_t>(query + i + s.causal_offset + 1 - key, 0, count);
      std::fill(scores + visible, scores + count, -std::numeric_limits<float>::infinity());
    }
    const float peak = std::max(w.peak[i], row_max(scores, count));
    const float shift = std::isinf(peak) && peak < 0 ? 0.0f : peak;
    const float sum = row_exp_sum(scores, scores, count, shift);
    if (key == 0) {
      w.total[i] = sum;
    } else {
      const float fade = std::exp(w.peak[i] - shift);
      w.total[i] = w.total[i] * fade + sum;
      row_affine(w.sums + i * width, w.sums + i * width, width, fade, 0.0f);
    }
    w.peak[i] = peak;
  }
}

// sums += weights * V.
void gather_tile(const Attention& s, const Head& head, const Scratch& w, int64_t rows, int64_t key,
                 int64_t count) {
  const int64_t width = round_up(s.v_width);
  Tile tile = plain_tile();
  tile.a_row_stride = key_tile(s);
  tile.k = count;
  tile.c_row_stride = width;
  tile.residual_row_stride = width;
  const float* v = head.v + key * s.v.row;
  for (int64_t first = 0; first < s.v_width; first += kPanelWidth) {
    const int64_t columns = std::min(kPanelWidth, s.v_width - first);
    tile.a = w.scores;
    tile.b = v + first;
    tile.b_row_stride = s.v.row;
    if (columns < kPanelWidth) {
      std::memset(w.values, 0, static_cast<size_t>(count * kPanelWidth) * sizeof(float));
      for (int64_t i = 0; i < count; ++i)
        std::memcpy(w.values + i * kPanelWidth, v + i * s.v.row + first,
                    static_cast<size_t>(columns) * sizeof(float));
      tile.b = w.values;
      tile.b_row_stride = kPanelWidth;
    }
    tile.c = w.sums + first;
    tile.residual = key == 0 ? nullptr : w.sums + first;
    run_tiles(tile, rows);
  }
}

void attention_unit(const Attention& s, const Head& head, const Scratch& w, int64_t query,
                    int64_t rows) {
  std::fill(w.peak, w.peak + rows, -std::numeric_limits<float>::infinity());
  int64_t keys = s.kv_length;
  if (s.causal) keys = std::clamp<int64_t>(query + rows + s.causal_offset, 1, keys);
  for (int64_t key = 0; key < keys; key += kAttentionKeys) {
    const int64_t count = std::min(kAttentionKeys, keys - key);
    pack_keys(s, head.k + key * s.k.row, count, w.keys);
    weigh_tile(s, head, w, query, rows, key, count);
    gather_tile(s, head, w, rows, key, count);
  }
  const int64_t width = round_up(s.v_width);
  for (int64_t i = 0; i < rows; ++i) {
    // A query that may see no key at all gives zeros.
    const float inverse = w.total[i] == 0.0f ? 0.0f : 1.0f / w.total[i];
    row_affine(w.sums + i * width, head.out + (query + i) * s.out.row, s.v_width, inverse, 0.0f);
  }
}

void attention_range(const Attention& s, const float* q, const float* k, const float* v,
                     const float* bias, const bool* keep, float* out, float* workspace,
                     int64_t unit_begin, int64_t unit_end) {
  const Scratch scratch = split_workspace(s, workspace);
  const int64_t blocks = (s.q_length + kAttentionQueries - 1) / kAttentionQueries;
  for (int64_t unit = unit_begin; unit < unit_end; ++unit) {
    const int64_t b = unit / blocks / s.heads;
    const int64_t h = unit / blocks % s.heads;
    const int64_t query = unit % blocks * kAttentionQueries;
    const int64_t kv = h / s.heads_per_key;
    const int64_t shift = b * s.bias.batch + h * s.bias.head;
    Head head;
    head.q = q + b * s.q.batch + h * s.q.head;
    head.k = k + b * s.k.batch + kv * s.k.head;
    head.v = v + b * s.v.batch + kv * s.v.head;
    head.bias = bias ? bias + shift : nullptr;
    head.keep = keep ? keep + shift : nullptr;
    head.out = out + b * s.out.batch + h * s.out.head;
    attention_unit(s, head, scratch, query, std::min(kAttentionQueries, s.q_length - query));
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(workspace_floats);
OARLOCK_EXPORT(attention_range);

int64_t attention_units(const Attention& s) {
  return s.batch * s.heads * ((s.q_length + kAttentionQueries - 1) / kAttentionQueries);
}

int64_t attention_workspace(const Attention& shape) {
  return OARLOCK_DISPATCH(workspace_floats)(shape);
}

void attention(const Attention& shape, const float* q, const float* k, const float* v,
               const float* bias, const bool* keep, float* out, float* workspace,
               int64_t unit_begin, int64_t unit_end) {
  OARLOCK_DISPATCH(attention_range)
  (shape, q, k, v, bias, keep, out, workspace, unit_begin, unit_end);
}
}  // namespace oarlock::kernels::cpu
#endif
