#include "kernels/cpu/attention.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/cpu/attention_tile-inl.h"
#include "kernels/cpu/row-inl.h"
#include "kernels/cpu/transpose_tile-inl.h"

#ifndef OARLOCK_KERNELS_CPU_ATTENTION_ONCE_
#define OARLOCK_KERNELS_CPU_ATTENTION_ONCE_
namespace oarlock::kernels::cpu {
inline constexpr int64_t kAttentionQueries = 128;  // a multiple of every panel's width
inline constexpr int64_t kAttentionKeys = 128;
inline constexpr float kHidden = -std::numeric_limits<float>::infinity();
}  // namespace oarlock::kernels::cpu
#endif

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// Queries lie side by side in panels: a vector holds one value of as many queries, so that maxima,
// sums and products need no step across lanes, and keys and values are read as they are. A last
// panel of at most kStep queries is one vector wide.
inline constexpr int64_t kPanel = 2 * kStep;
int64_t panel_width(int64_t queries) { return queries <= kStep ? kStep : kPanel; }

// So few queries would leave most of a panel idle and are taken one by one.
bool few_queries(const Attention& s) { return s.q_length <= kStep / 2; }

int64_t key_tile(const Attention& s) { return std::min(kAttentionKeys, s.kv_length); }
int64_t query_tile(const Attention& s) {
  if (few_queries(s)) return s.q_length;
  return (std::min(kAttentionQueries, s.q_length) + kPanel - 1) / kPanel * kPanel;
}

// Scratch memory of one call.
struct Scratch {
  float* queries;  // scaled: panels of [qk_width][panel], or rows of few queries
  float* sums;     // panels of [v_width][panel], or rows
  float* peak;     // one per query
  float* total;    // one per query
  float* scores;   // [tile of keys][panel], or one row
  float* keys;     // one tile, a row for each
  float* values;
};

int64_t workspace_floats(const Attention& s) {
  const int64_t width = s.qk_width + s.v_width;
  return query_tile(s) * (width + 2) + key_tile(s) * (kPanel + width);
}

Scratch split_workspace(const Attention& s, float* memory) {
  Scratch w;
  w.queries = memory;
  w.sums = w.queries + query_tile(s) * s.qk_width;
  w.peak = w.sums + query_tile(s) * s.v_width;
  w.total = w.peak + query_tile(s);
  w.scores = w.total + query_tile(s);
  w.keys = w.scores + key_tile(s) * kPanel;
  w.values = w.keys + key_tile(s) * s.qk_width;
  return w;
}

struct Head {
  const float* q;
  const float* k;
  const float* v;
  const float* bias;
  const bool* keep;
  float* out;
};

struct Rows {
  const float* data;
  int64_t stride;
};

// `count` queries and a tile of `keys` keys they all are weighed against.
struct Block {
  int64_t query, count;
  int64_t key, keys;
  Rows k, v;
};

// Rows whose values lie one after the other, and the rows too where they are read `often`: in
// place, or copied.
Rows dense_rows(const float* from, const Attention::Strides& strides, int64_t rows, int64_t width,
                bool often, float* copy) {
  if (strides.column == 1 && (strides.row == width || !often)) return {from, strides.row};
  for (int64_t i = 0; i < rows; ++i) {
    if (strides.column == 1)
      std::memcpy(copy + i * width, from + i * strides.row,
                  static_cast<size_t>(width) * sizeof(float));
    else
      for (int64_t j = 0; j < width; ++j)
        copy[i * width + j] = from[i * strides.row + j * strides.column];
  }
  return {copy, width};
}

Block key_block(const Attention& s, const Head& head, const Scratch& w, int64_t key, int64_t keys,
                bool often) {
  Block b = {};
  b.key = key;
  b.keys = keys;
  b.k = dense_rows(head.k + key * s.k.row, s.k, keys, s.qk_width, often, w.keys);
  b.v = dense_rows(head.v + key * s.v.row, s.v, keys, s.v_width, often, w.values);
  return b;
}

float bias_at(const Attention& s, const Head& head, int64_t query, int64_t key) {
  const int64_t at = query * s.bias.row + key * s.bias.column;
  if (head.bias) return head.bias[at];
  return head.keep && !head.keep[at] ? kHidden : 0.0f;
}

// ---- panels of queries

// What scores start from, [keys][panel]; false for zeros.
bool seed_scores(const Attention& s, const Head& head, const Block& b, int64_t panel,
                 float* scores) {
  // Key j of the tile is hidden from the first `shadow + j` queries of the panel.
  const int64_t shadow = b.key - b.query - s.causal_offset;
  const bool cut = s.causal && shadow + b.keys - 1 > 0;
  if (!head.bias && !head.keep && !cut) return false;
  if (head.bias && s.bias.row != 0 && s.bias.column == 1) {
    if (b.count < panel) std::fill_n(scores, b.keys * panel, 0.0f);
    transpose_tile(head.bias + b.query * s.bias.row + b.key, s.bias.row, b.count, b.keys, scores,
                   panel);
  } else {
    for (int64_t j = 0; j < b.keys; ++j)
      for (int64_t i = 0; i < panel; ++i)
        scores[j * panel + i] = bias_at(s, head, b.query + std::min(i, b.count - 1), b.key + j);
  }
  if (cut)
    for (int64_t j = 0; j < b.keys; ++j)
      std::fill_n(scores + j * panel, std::clamp<int64_t>(shadow + j, 0, panel), kHidden);
  return true;
}

// scores = exp(scores - new peak); earlier sums are to be multiplied by `fade`.
template <int VECS>
void weigh_panel(float* scores, int64_t keys, const float* new_peak, float* peak, float* total,
                 float* fade) {
  const F32 d;
  VecF32 shift[VECS], sum[VECS];
#pragma GCC unroll 2
  for (int v = 0; v < VECS; ++v) {
    const int64_t at = v * kStep;
    const VecF32 top = hn::LoadU(d, new_peak + at);
    shift[v] = hn::IfThenZeroElse(hn::Eq(top, hn::Set(d, kHidden)), top);
    const VecF32 factor = exp_negative_f32(d, hn::Sub(hn::LoadU(d, peak + at), shift[v]));
    hn::StoreU(factor, d, fade + at);
    hn::StoreU(top, d, peak + at);
    sum[v] = hn::Mul(factor, hn::LoadU(d, total + at));
  }
  for (int64_t j = 0; j < keys; ++j)
#pragma GCC unroll 2
    for (int v = 0; v < VECS; ++v) {
      float* at = scores + (j * VECS + v) * kStep;
      const VecF32 e = exp_negative_f32(d, hn::Sub(hn::LoadU(d, at), shift[v]));
      hn::StoreU(e, d, at);
      sum[v] = hn::Add(sum[v], e);
    }
#pragma GCC unroll 2
  for (int v = 0; v < VECS; ++v) hn::StoreU(sum[v], d, total + v * kStep);
}

// `first`: where the panel's queries stand in the unit.
template <int VECS>
void attend_panel(const Attention& s, const Head& head, const Scratch& w, const Block& b,
                  int64_t first) {
  constexpr int64_t kWidth = VECS * kStep;
  float peak[kWidth], fade[kWidth];
  std::copy_n(w.peak + first, kWidth, peak);
  AttentionTile scores = {
      b.k.data, b.k.stride, w.queries + first * s.qk_width, s.qk_width, w.scores, nullptr, peak};
  if (seed_scores(s, head, b, kWidth, w.scores)) {
    std::fill_n(fade, kWidth, 1.0f);
    scores.fade = fade;
  }
  run_attention_rows<VECS, true>(scores, b.keys);
  weigh_panel<VECS>(w.scores, b.keys, peak, w.peak + first, w.total + first, fade);
  const AttentionTile sums = {b.v.data, b.v.stride, w.scores, b.keys, w.sums + first * s.v_width,
                              fade,     nullptr};
  run_attention_rows<VECS, false>(sums, s.v_width);
}

void load_panel(const Attention& s, const float* q, int64_t count, float* panel) {
  const int64_t width = panel_width(count);
  if (count < width) std::fill_n(panel, width * s.qk_width, 0.0f);
  transpose_tile(q, s.q.row, count, s.qk_width, panel, width);
  row_affine(panel, panel, width * s.qk_width, s.scale, 0.0f);
}

void store_panel(const Attention& s, float* sums, const float* total, int64_t count, float* out) {
  const F32 d;
  const int64_t width = panel_width(count);
  for (int64_t i = 0; i < width; i += kStep) {
    // A query that may see no key at all gives zeros.
    const VecF32 t = hn::LoadU(d, total + i);
    const VecF32 inverse = hn::IfThenZeroElse(hn::Eq(t, hn::Zero(d)), hn::Div(hn::Set(d, 1.0f), t));
    for (float* at = sums + i; at < sums + s.v_width * width; at += width)
      hn::StoreU(hn::Mul(hn::LoadU(d, at), inverse), d, at);
  }
  transpose_tile(sums, width, s.v_width, count, out, s.out.row);
}

void attend_panels(const Attention& s, const Head& head, const Scratch& w, int64_t query,
                   int64_t rows, int64_t keys) {
  for (int64_t i = 0; i < rows; i += kPanel)
    load_panel(s, head.q + (query + i) * s.q.row, std::min(kPanel, rows - i),
               w.queries + i * s.qk_width);
  for (int64_t key = 0; key < keys; key += kAttentionKeys) {
    const int64_t tile = std::min(kAttentionKeys, keys - key);
    Block b = key_block(s, head, w, key, tile, rows > kPanel);
    for (int64_t i = 0; i < rows; i += kPanel) {
      b.query = query + i;
      b.count = std::min(kPanel, rows - i);
      b.keys = tile;
      if (s.causal) b.keys = std::min(tile, b.query + b.count + s.causal_offset - key);
      if (b.keys <= 0) continue;
      if (panel_width(b.count) == kPanel)
        attend_panel<2>(s, head, w, b, i);
      else
        attend_panel<1>(s, head, w, b, i);
    }
  }
  for (int64_t i = 0; i < rows; i += kPanel)
    store_panel(s, w.sums + i * s.v_width, w.total + i, std::min(kPanel, rows - i),
                head.out + (query + i) * s.out.row);
}

// ---- few queries, one by one

// out[r] = a . (row r of b).
void dot_rows(const float* a, const Rows& b, int64_t rows, int64_t width, float* out) {
  constexpr int kRows = 4;
  const F32 d;
  for (int64_t row = 0; row < rows; row += kRows) {
    const float* from[kRows];
    VecF32 sum[kRows];
    for (int r = 0; r < kRows; ++r) {
      from[r] = b.data + std::min(row + r, rows - 1) * b.stride;
      sum[r] = hn::Zero(d);
    }
    int64_t i = 0;
    for (; i + kStep <= width; i += kStep) {
      const VecF32 x = hn::LoadU(d, a + i);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sum[r] = hn::MulAdd(x, hn::LoadU(d, from[r] + i), sum[r]);
    }
    if (i < width) {
      const VecF32 x = load_tail(a + i, width - i, 0.0f);
      for (int r = 0; r < kRows; ++r)
        sum[r] = hn::MulAdd(x, load_tail(from[r] + i, width - i, 0.0f), sum[r]);
    }
    for (int r = 0; r < kRows && row + r < rows; ++r) out[row + r] = lane_sum(sum[r]);
  }
}

// out = out * fade + sum over r of weights[r] * (row r of b).
void add_rows(const float* weights, const Rows& b, int64_t rows, int64_t width, float fade,
              float* out) {
  constexpr int kVectors = 8;
  const F32 d;
  const VecF32 f = hn::Set(d, fade);
  int64_t i = 0;
  for (; i + kVectors * kStep <= width; i += kVectors * kStep) {
    VecF32 sum[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[v] = hn::Mul(f, hn::LoadU(d, out + i + v * kStep));
    const float* from = b.data + i;
    for (int64_t r = 0; r < rows; ++r, from += b.stride) {
      const VecF32 x = hn::Set(d, weights[r]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v)
        sum[v] = hn::MulAdd(x, hn::LoadU(d, from + v * kStep), sum[v]);
    }
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sum[v], d, out + i + v * kStep);
  }
  for (; i < width; i += kStep) {
    const int64_t count = std::min(kStep, width - i);
    const bool whole = count == kStep;
    VecF32 sum = hn::Mul(f, load_tail(out + i, count, 0.0f));
    const float* from = b.data + i;
    for (int64_t r = 0; r < rows; ++r, from += b.stride)
      sum = hn::MulAdd(hn::Set(d, weights[r]),
                       whole ? hn::LoadU(d, from) : load_tail(from, count, 0.0f), sum);
    store_tail(sum, out + i, count);
  }
}

void attend_query(const Attention& s, const Head& head, const Scratch& w, const Block& b,
                  int64_t row) {
  dot_rows(w.queries + row * s.qk_width, b.k, b.keys, s.qk_width, w.scores);
  if (head.bias || head.keep)
    for (int64_t j = 0; j < b.keys; ++j) w.scores[j] += bias_at(s, head, b.query, b.key + j);
  const float peak = std::max(w.peak[row], row_max(w.scores, b.keys));
  const float shift = peak == kHidden ? 0.0f : peak;
  const float fade = std::exp(w.peak[row] - shift);
  w.total[row] = w.total[row] * fade + row_exp_sum(w.scores, w.scores, b.keys, shift);
  w.peak[row] = peak;
  add_rows(w.scores, b.v, b.keys, s.v_width, fade, w.sums + row * s.v_width);
}

void attend_queries(const Attention& s, const Head& head, const Scratch& w, int64_t query,
                    int64_t rows, int64_t keys) {
  for (int64_t i = 0; i < rows; ++i)
    row_affine(head.q + (query + i) * s.q.row, w.queries + i * s.qk_width, s.qk_width, s.scale,
               0.0f);
  for (int64_t key = 0; key < keys; key += kAttentionKeys) {
    const int64_t tile = std::min(kAttentionKeys, keys - key);
    Block b = key_block(s, head, w, key, tile, false);
    for (int64_t i = 0; i < rows; ++i) {
      b.query = query + i;
      b.keys = tile;
      if (s.causal) b.keys = std::min(tile, b.query + 1 + s.causal_offset - key);
      if (b.keys > 0) attend_query(s, head, w, b, i);
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    const float inverse = w.total[i] == 0.0f ? 0.0f : 1.0f / w.total[i];
    row_affine(w.sums + i * s.v_width, head.out + (query + i) * s.out.row, s.v_width, inverse,
               0.0f);
  }
}

void attention_range(const Attention& s, const float* q, const float* k, const float* v,
                     const float* bias, const bool* keep, float* out, float* workspace,
                     int64_t unit_begin, int64_t unit_end) {
  const Scratch w = split_workspace(s, workspace);
  const int64_t blocks = (s.q_length + kAttentionQueries - 1) / kAttentionQueries;
  for (int64_t unit = unit_begin; unit < unit_end; ++unit) {
    const int64_t b = unit / blocks / s.heads;
    const int64_t h = unit / blocks % s.heads;
    const int64_t query = unit % blocks * kAttentionQueries;
    const int64_t rows = std::min(kAttentionQueries, s.q_length - query);
    const int64_t kv = h / s.heads_per_key;
    const int64_t shift = b * s.bias.batch + h * s.bias.head;
    Head head;
    head.q = q + b * s.q.batch + h * s.q.head;
    head.k = k + b * s.k.batch + kv * s.k.head;
    head.v = v + b * s.v.batch + kv * s.v.head;
    head.bias = bias ? bias + shift : nullptr;
    head.keep = keep ? keep + shift : nullptr;
    head.out = out + b * s.out.batch + h * s.out.head;
    const int64_t tile = query_tile(s);
    std::fill_n(w.sums, tile * s.v_width, 0.0f);
    std::fill_n(w.peak, tile, kHidden);
    std::fill_n(w.total, tile, 0.0f);
    int64_t keys = s.kv_length;
    if (s.causal) keys = std::clamp<int64_t>(query + rows + s.causal_offset, 0, keys);
    (few_queries(s) ? attend_queries : attend_panels)(s, head, w, query, rows, keys);
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
