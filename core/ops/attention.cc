// Attention (ONNX 25): softmax(Q K^T * scale + bias) V, with heads packed or apart, grouped heads,
// a cache, masks and windows.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"
#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

namespace {

enum Input : size_t { kQuery, kKey, kValue, kMask, kPastKey, kPastValue, kLengths };

// Extents; `total` counts the past and the new keys.
struct Sizes {
  int64_t batch = 0, query_heads = 0, key_heads = 0, queries = 0, keys = 0, past = 0, total = 0;
  int64_t width = 0, value_width = 0;
  bool packed = false;  // inputs are [batch, sequence, heads * width]

  Shape output() const {
    return packed
               ? Shape{batch, queries,
                       value_width == Shape::kUnknown ? Shape::kUnknown : query_heads * value_width}
               : Shape{batch, query_heads, queries, value_width};
  }
  Shape present(bool value) const { return {batch, key_heads, total, value ? value_width : width}; }
  Shape scores() const { return {batch, query_heads, queries, total}; }
};

Result<int64_t> head_width(int64_t packed, int64_t heads, std::string_view name) {
  if (packed == Shape::kUnknown) return packed;
  if (heads < 1 || packed % heads != 0)
    return invalid("input ", name, " has ", packed, " columns, which do not divide into ", heads,
                   " heads; set attributes q_num_heads and kv_num_heads");
  return packed / heads;
}

Result<Sizes> sizes_of(const Attrs& attrs, const Shape& q, const Shape& k, const Shape& v,
                       const Shape* past) {
  Sizes s;
  s.packed = q.rank() == 3;
  s.batch = known_of(q[0], k[0]);
  if (s.packed) {
    s.query_heads = attrs.integer("q_num_heads");
    s.key_heads = attrs.integer("kv_num_heads");
    s.queries = q[1];
    s.keys = known_of(k[1], v[1]);
    OARLOCK_ASSIGN(s.width, head_width(q[2], s.query_heads, "Q"));
    OARLOCK_ASSIGN(const int64_t key_width, head_width(k[2], s.key_heads, "K"));
    OARLOCK_ASSIGN(s.value_width, head_width(v[2], s.key_heads, "V"));
    if (!agree(s.width, key_width))
      return invalid("heads of Q have ", s.width, " columns, but those of K have ", key_width);
    s.width = known_of(s.width, key_width);
  } else {
    s.query_heads = q[1];
    s.key_heads = known_of(k[1], v[1]);
    s.queries = q[2];
    s.keys = known_of(k[2], v[2]);
    s.width = known_of(q[3], k[3]);
    s.value_width = v[3];
    if (!agree(q[3], k[3]))
      return invalid("Q has shape ", q, " and K ", k, "; their last dimensions must agree");
  }
  if (s.query_heads != Shape::kUnknown && s.key_heads != Shape::kUnknown &&
      (s.key_heads < 1 || s.query_heads % s.key_heads != 0))
    return invalid(s.query_heads, " query heads do not share ", s.key_heads, " key heads evenly");
  s.past = past == nullptr ? 0 : (*past)[2];
  s.total =
      s.keys == Shape::kUnknown || s.past == Shape::kUnknown ? Shape::kUnknown : s.keys + s.past;
  return s;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, kQuery, "Q"));
  OARLOCK_TRY(expect_same_dtype(c, kKey, "K", c.dtype(kQuery)));
  OARLOCK_TRY(expect_float(c, kValue, "V"));
  OARLOCK_TRY(expect_rank_between(c, kQuery, "Q", 3, 4));
  OARLOCK_TRY(expect_rank(c, kKey, "K", c.shape(kQuery).rank()));
  OARLOCK_TRY(expect_rank(c, kValue, "V", c.shape(kQuery).rank()));
  if (c.has_input(kPastKey) != c.has_input(kPastValue))
    return invalid("inputs past_key and past_value go together");
  if (c.has_input(kPastKey)) OARLOCK_TRY(expect_rank(c, kPastKey, "past_key", 4));
  OARLOCK_ASSIGN(const Sizes s, sizes_of(c.attrs(), c.shape(kQuery), c.shape(kKey), c.shape(kValue),
                                         c.has_input(kPastKey) ? &c.shape(kPastKey) : nullptr));
  const size_t sequence = s.packed ? 1 : 2;
  if (!agree(c.shape(kQuery)[0], c.shape(kKey)[0]) || !agree(s.batch, c.shape(kValue)[0]) ||
      !agree(c.shape(kKey)[sequence], c.shape(kValue)[sequence]) ||
      (!s.packed && !agree(c.shape(kKey)[1], c.shape(kValue)[1])))
    return invalid("the shapes of Q ", c.shape(kQuery), ", K ", c.shape(kKey), " and V ",
                   c.shape(kValue), " do not fit together");
  if (c.has_input(kPastKey)) {
    OARLOCK_TRY(expect_same_dtype(c, kPastKey, "past_key", c.dtype(kKey)));
    OARLOCK_TRY(expect_same_dtype(c, kPastValue, "past_value", c.dtype(kValue)));
    OARLOCK_TRY(expect_shape(c, kPastKey, "past_key", {s.batch, s.key_heads, s.past, s.width}));
    OARLOCK_TRY(
        expect_shape(c, kPastValue, "past_value", {s.batch, s.key_heads, s.past, s.value_width}));
  }
  if (c.has_input(kMask)) {
    OARLOCK_TRY(expect_rank_between(c, kMask, "attn_mask", 1, 4));
    Shape scores = s.scores();
    const int64_t last = c.shape(kMask).back();
    if (s.total != Shape::kUnknown && last != Shape::kUnknown && last > s.total)
      return invalid("input attn_mask of shape ", c.shape(kMask), " has more columns than the ",
                     s.total, " keys");
    if (last != 1) scores.back() = last;  // shorter masks are padded
    if (!broadcasts_to(c.shape(kMask), scores))
      return invalid("input attn_mask of shape ", c.shape(kMask), " does not broadcast to ",
                     s.scores());
  }
  if (c.has_input(kLengths)) {
    OARLOCK_TRY(expect_dtype(c, kLengths, "nonpad_kv_seqlen", {DType::int64}));
    OARLOCK_TRY(expect_shape(c, kLengths, "nonpad_kv_seqlen", {s.batch}));
  }
  c.set_output(0, c.dtype(kQuery), s.output());
  c.set_output(1, c.dtype(kKey), s.present(false));
  c.set_output(2, c.dtype(kValue), s.present(true));
  c.set_output(3, c.dtype(kQuery), s.scores());
  return {};
}

// [batch, heads, total, width]: the past, then the new rows of a packed or unpacked input.
template <class C>
std::vector<C> join_cache(const Sizes& s, const Elements<C>& fresh, const Elements<C>& past,
                          int64_t width) {
  std::vector<C> all(static_cast<size_t>(s.batch * s.key_heads * s.total * width));
  for (int64_t bh = 0; bh < s.batch * s.key_heads; ++bh) {
    C* to = all.data() + bh * s.total * width;
    if (s.past > 0) std::copy_n(past.data() + bh * s.past * width, s.past * width, to);
    to += s.past * width;
    const int64_t b = bh / s.key_heads, h = bh % s.key_heads;
    for (int64_t t = 0; t < s.keys; ++t) {
      const int64_t row = s.packed ? (b * s.keys + t) * s.key_heads + h : bh * s.keys + t;
      std::copy_n(fresh.data() + row * width, width, to + t * width);
    }
  }
  return all;
}

template <class C>
Status store_output(RunContext& c, size_t i, DType dtype, const Shape& shape,
                    const std::vector<C>& values) {
  if (!c.has_output(i)) return {};
  OARLOCK_ASSIGN(Tensor* const tensor, c.output(i, dtype, shape));
  Results<C> out(*tensor);
  std::copy(values.begin(), values.end(), out.data());
  out.store();
  return {};
}

// What is added to the scores: -infinity where a key is not attended to.
template <class C>
class Bias {
 public:
  Bias(RunContext& c, const Sizes& s) : sizes_(s) {
    causal_ = c.attrs().integer("is_causal") != 0;
    left_ = c.attrs().integer("left_window_size", -1);
    right_ = c.attrs().integer("right_window_size", -1);
    if (c.has_input(kLengths)) lengths_ = c.input(kLengths).as<int64_t>();
    if (c.has_input(kMask)) {
      const Tensor& mask = c.input(kMask);
      boolean_ = mask.dtype() == DType::boolean;
      columns_ = mask.shape().back();
      stretch_ = columns_ == 1 && s.total != 1;
      Shape rows = mask.shape();
      rows.erase(rows.rank() - 1);
      mask_ = Elements<C>(mask);
      rows_ = batch_indices(rows, {s.batch, s.query_heads, s.queries});
    }
  }

  // Adds to a row of scores; `row` counts over batch, heads and queries.
  void add(int64_t row, C* scores) const {
    constexpr C kNever = -std::numeric_limits<C>::infinity();
    const int64_t b = row / (sizes_.query_heads * sizes_.queries);
    const int64_t i = row % sizes_.queries;
    const int64_t valid = lengths_.empty() ? sizes_.total : lengths_[b];
    const int64_t offset =
        lengths_.empty() || sizes_.past > 0 ? sizes_.past : valid - sizes_.queries;
    const int64_t position = offset + i;
    for (int64_t j = 0; j < sizes_.total; ++j) {
      const bool hidden = j >= valid || (causal_ && j > position) ||
                          (left_ >= 0 && j < position - left_) ||
                          (right_ >= 0 && j > position + right_);
      if (hidden) scores[j] = kNever;
      if (rows_.empty()) continue;
      if (!stretch_ && j >= columns_) {
        scores[j] = kNever;
        continue;
      }
      const C mask = mask_[rows_[row] * columns_ + (stretch_ ? 0 : j)];
      if (!boolean_) {
        scores[j] += mask;
      } else if (mask == 0) {
        scores[j] = kNever;
      }
    }
  }

 private:
  Sizes sizes_;
  bool causal_ = false, boolean_ = false, stretch_ = false;
  int64_t left_ = -1, right_ = -1, columns_ = 0;
  std::span<const int64_t> lengths_;
  Elements<C> mask_;
  std::vector<int64_t> rows_;
};

// In place; a row without any key becomes zero.
template <class C>
void softmax(C* row, int64_t n) {
  C most = -std::numeric_limits<C>::infinity();
  for (int64_t j = 0; j < n; ++j) most = std::max(most, row[j]);
  if (std::isinf(most) && most < 0) {
    std::fill_n(row, n, C{0});
    return;
  }
  C sum = 0;
  for (int64_t j = 0; j < n; ++j) sum += row[j] = std::exp(row[j] - most);
  for (int64_t j = 0; j < n; ++j) row[j] /= sum;
}

template <class C>
Status run(RunContext& c) {
  const Attrs& attrs = c.attrs();
  const bool cached = c.has_input(kPastKey);
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(attrs, c.input(kQuery).shape(), c.input(kKey).shape(),
                          c.input(kValue).shape(), cached ? &c.input(kPastKey).shape() : nullptr));
  if (c.has_input(kLengths)) {
    for (int64_t length : c.input(kLengths).as<int64_t>()) {
      if (length < 0 || length > s.total)
        return invalid("input nonpad_kv_seqlen has the length ", length, "; there are ", s.total,
                       " keys");
    }
  }
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(kQuery).dtype(), s.output()));
  const Elements<C> q(c.input(kQuery)), k(c.input(kKey)), v(c.input(kValue));
  Elements<C> past_k, past_v;
  if (cached) {
    past_k = Elements<C>(c.input(kPastKey));
    past_v = Elements<C>(c.input(kPastValue));
  }
  const std::vector<C> keys = join_cache(s, k, past_k, s.width);
  const std::vector<C> values = join_cache(s, v, past_v, s.value_width);
  OARLOCK_TRY(store_output(c, 1, c.input(kKey).dtype(), s.present(false), keys));
  OARLOCK_TRY(store_output(c, 2, c.input(kValue).dtype(), s.present(true), values));
  const C scale = attrs.has("scale") ? static_cast<C>(attrs.number("scale"))
                                     : 1 / std::sqrt(static_cast<C>(s.width));
  const C softcap = static_cast<C>(attrs.number("softcap"));
  const int64_t saved_stage = attrs.integer("qk_matmul_output_mode");
  std::vector<C> saved(c.has_output(3) ? static_cast<size_t>(s.scores().elements().value_or(0))
                                       : size_t{0});
  const Bias<C> bias(c, s);
  Results<C> y(*output);
  std::vector<C> scores(static_cast<size_t>(s.queries * s.total));
  for (int64_t bh = 0; bh < s.batch * s.query_heads; ++bh) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    const int64_t b = bh / s.query_heads, h = bh % s.query_heads;
    const int64_t kv = b * s.key_heads + h / (s.query_heads / s.key_heads);
    const auto row_of = [&](int64_t width) {
      return s.packed ? MatrixView<const C>{nullptr, s.query_heads * width, 1}
                      : MatrixView<const C>{nullptr, width, 1};
    };
    const auto start_of = [&](int64_t width) {
      return s.packed ? (b * s.queries * s.query_heads + h) * width : bh * s.queries * width;
    };
    matrix_product<C>(
        s.queries, s.total, s.width, {q.data() + start_of(s.width), row_of(s.width).row, 1},
        {keys.data() + kv * s.total * s.width, 1, s.width}, {scores.data(), s.total, 1});
    const auto save = [&](int64_t stage) {
      if (stage == saved_stage && !saved.empty())
        std::copy(scores.begin(), scores.end(), saved.begin() + bh * s.queries * s.total);
    };
    for (C& score : scores) score *= scale;
    save(0);
    if (softcap != 0) {
      for (C& score : scores) score = softcap * std::tanh(score / softcap);
    }
    save(1);
    for (int64_t i = 0; i < s.queries; ++i)
      bias.add(bh * s.queries + i, scores.data() + i * s.total);
    save(2);
    for (int64_t i = 0; i < s.queries; ++i) softmax(scores.data() + i * s.total, s.total);
    save(3);
    matrix_product<C>(s.queries, s.value_width, s.total, {scores.data(), s.total, 1},
                      {values.data() + kv * s.total * s.value_width, s.value_width, 1},
                      {y.data() + start_of(s.value_width), row_of(s.value_width).row, 1});
  }
  y.store();
  return store_output(c, 3, c.input(kQuery).dtype(), s.scores(), saved);
}

Status attention(RunContext& c) {
  const bool wide = c.attrs().integer("softmax_precision") == static_cast<int64_t>(DType::float64);
  return wide ? run<double>(c) : with_compute_type(c.input(0).dtype(), [&](auto tag) {
    return run<typename decltype(tag)::Type>(c);
  });
}

double flops(const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  const bool cached = inputs.size() > kPastKey && inputs[kPastKey].shape.rank() == 4;
  const auto s = sizes_of(attrs, inputs[0].shape, inputs[1].shape, inputs[2].shape,
                          cached ? &inputs[kPastKey].shape : nullptr);
  if (!s.ok()) return 0;
  return 2 * static_cast<double>(s->batch * s->query_heads) * static_cast<double>(s->queries) *
         static_cast<double>(s->total) * static_cast<double>(s->width + s->value_width);
}

}  // namespace

std::span<const OpDef> attention_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Attention",
       .since_version = 25,
       .attrs = {{"is_causal", 0},
                 {"kv_num_heads", AttrKind::integer},
                 {"left_window_size", -1},
                 {"q_num_heads", AttrKind::integer},
                 {"qk_matmul_output_mode", 0},
                 {"right_window_size", -1},
                 {"scale", AttrKind::number},
                 {"softcap", 0.0f},
                 {"softmax_precision", AttrKind::integer}},
       .inputs = {3, 7},
       .outputs = {1, 4},
       .infer = infer,
       .reference = attention,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
