// GroupQueryAttention of com.microsoft (1) with a cache of floats: new keys and values are written
// into the cache behind those of each sequence, and every query attends to the cache up to its own
// position.
#include <limits>
#include <numeric>

#include "core/ops/microsoft/attention_parts.h"

namespace oarlock::ops {

namespace {

enum Input : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLengths,
  kTotal,
  kCosines,
  kSines,
  kPositions,
  kBias,
  kSinks,
  kKeyScale,
  kValueScale,
  kQueryNorm,
  kKeyNorm
};

// kUnknown where not known yet.
struct Sizes {
  int64_t batch, tokens, heads, key_heads, width;
  int64_t past = 0;  // rows of the cache given
};

Result<Sizes> sizes_of(const Attrs& attrs, const Shape& query, const Shape* key,
                       const Shape* past) {
  Sizes s{query[0], query[1], attrs.integer("num_heads"), attrs.integer("kv_num_heads"), query[2]};
  constexpr int64_t kMostHeads = int64_t{1} << 20;
  if (s.heads < 1 || s.key_heads < 1 || s.heads > kMostHeads || s.heads % s.key_heads != 0)
    return invalid("attribute num_heads, ", s.heads, ", is no multiple of kv_num_heads, ",
                   s.key_heads);
  const int64_t in_query = key ? s.heads : s.heads + 2 * s.key_heads;
  OARLOCK_TRY(expect_heads(in_query, "num_heads", s.width, "query"));
  if (s.width != Shape::kUnknown) s.width /= in_query;
  if (past) s.past = (*past)[2];
  return s;
}

// The number of keys in the longest sequence, when it is known.
Result<int64_t> known_total(const Tensor* total) {
  if (total == nullptr || total->elements() != 1) return Shape::kUnknown;
  const int64_t keys = total->as<int32_t>()[0];
  if (keys < 0) return invalid("input total_sequence_length is ", keys);
  return keys;
}

Status expect_plain_cache(const InferContext& c) {
  if (c.has_input(kKeyScale) || c.has_input(kValueScale))
    return unsupported("a quantized cache is not implemented");
  for (const char* name : {"sliding_window_cache", "qk_output", "kv_cache_bit_width"})
    if (c.attrs().integer(name) != 0) return unsupported("attribute ", name, " is not implemented");
  for (const char* name : {"k_quant_type", "v_quant_type"})
    if (c.attrs().string(name) != "NONE")
      return unsupported("attribute ", name, ": a quantized cache is not implemented");
  return {};
}

Status infer(InferContext& c) {
  const DType dtype = c.dtype(kQuery);
  OARLOCK_TRY(expect_plain_cache(c));
  OARLOCK_TRY(expect_present(c, {{kLengths, "seqlens_k"}, {kTotal, "total_sequence_length"}}));
  OARLOCK_TRY(expect_float(c, kQuery, "query"));
  OARLOCK_TRY(expect_rank(c, kQuery, "query", 3));
  const auto both = [&](size_t a, size_t b, std::string_view names) -> Status {
    if (c.has_input(a) != c.has_input(b)) return invalid("inputs ", names, " go together");
    for (size_t i : {a, b})
      if (c.has_input(i)) OARLOCK_TRY(expect_same_dtype(c, i, names, dtype));
    return {};
  };
  OARLOCK_TRY(both(kKey, kValue, "key and value"));
  OARLOCK_TRY(both(kPastKey, kPastValue, "past_key and past_value"));
  OARLOCK_TRY(both(kCosines, kSines, "cos_cache and sin_cache"));
  OARLOCK_TRY(both(kQueryNorm, kKeyNorm, "q_norm_weight and k_norm_weight"));
  const bool cached = c.has_input(kPastKey);
  if (cached) OARLOCK_TRY(expect_rank(c, kPastKey, "past_key", 4));
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(c.attrs(), c.shape(kQuery), c.has_input(kKey) ? &c.shape(kKey) : nullptr,
                          cached ? &c.shape(kPastKey) : nullptr));
  const auto columns = [&](int64_t heads) {
    return s.width == Shape::kUnknown ? s.width : heads * s.width;
  };
  for (size_t i : {kKey, kValue})
    if (c.has_input(i))
      OARLOCK_TRY(expect_shape(c, i, i == kKey ? "key" : "value",
                               {s.batch, s.tokens, columns(s.key_heads)}));
  for (size_t i : {kPastKey, kPastValue})
    if (c.has_input(i))
      OARLOCK_TRY(expect_shape(c, i, i == kPastKey ? "past_key" : "past_value",
                               {s.batch, s.key_heads, s.past, s.width}));
  OARLOCK_TRY(expect_dtype(c, kLengths, "seqlens_k", {DType::int32}));
  if (!agree(extent_product(c.shape(kLengths), 0, c.shape(kLengths).rank()), s.batch))
    return invalid("input seqlens_k has shape ", c.shape(kLengths), ", expected [", s.batch, "]");
  OARLOCK_TRY(expect_dtype(c, kTotal, "total_sequence_length", {DType::int32}));
  OARLOCK_TRY(expect_single(c, kTotal, "total_sequence_length"));
  const bool rotary = c.attrs().integer("do_rotary") != 0;
  if (rotary && !c.has_input(kCosines))
    return invalid("attribute do_rotary needs inputs cos_cache and sin_cache");
  for (size_t i : {kCosines, kSines})
    if (c.has_input(i)) OARLOCK_TRY(expect_rank(c, i, "cos_cache or sin_cache", 2));
  if (c.has_input(kPositions)) {
    OARLOCK_TRY(expect_dtype(c, kPositions, "position_ids", {DType::int64}));
    OARLOCK_TRY(expect_shape(c, kPositions, "position_ids", {s.batch, s.tokens}));
  }
  if (c.has_input(kBias)) {
    OARLOCK_TRY(expect_same_dtype(c, kBias, "attention_bias", dtype));
    OARLOCK_TRY(expect_rank(c, kBias, "attention_bias", 4));
  }
  if (c.has_input(kSinks)) {
    OARLOCK_TRY(expect_same_dtype(c, kSinks, "head_sink", dtype));
    OARLOCK_TRY(expect_shape(c, kSinks, "head_sink", {s.heads}));
  }
  for (size_t i : {kQueryNorm, kKeyNorm})
    if (c.has_input(i)) OARLOCK_TRY(expect_shape(c, i, "the weights of the norms", {s.width}));
  OARLOCK_ASSIGN(const int64_t total, known_total(c.constant(kTotal)));
  const int64_t room = total == Shape::kUnknown || s.past == Shape::kUnknown
                           ? Shape::kUnknown
                           : std::max(total, s.past);
  c.set_output(0, dtype, {s.batch, s.tokens, columns(s.heads)});
  c.set_output(1, dtype, {s.batch, s.key_heads, room, s.width});
  c.set_output(2, dtype, {s.batch, s.key_heads, room, s.width});
  return {};
}

class Builder {
 public:
  Builder(Decomposition& d, const Sizes& s, int64_t total)
      : d_(d), s_(s), total_(total), dtype_(d.dtype(kQuery)) {
    const ValueId lengths = d.add("Add", {to_int64(kLengths), d.integers({1})});
    lengths_ = d.reshape(lengths, {-1, 1});
    const ValueId before = d.add("Sub", {lengths_, d.integers({s.tokens})});
    starts_ = d.add("Max", {before, d.integers({0})});
    std::vector<int64_t> steps(static_cast<size_t>(s.tokens));
    std::iota(steps.begin(), steps.end(), int64_t{0});
    positions_ = d.add("Add", {starts_, d.integers(steps)});
  }

  // New queries or keys, [batch, tokens, heads * width], normalized and rotated.
  ValueId prepared(ValueId x, int64_t heads, size_t norm) {
    if (d_.has_input(norm)) {
      x = d_.reshape(x, {0, 0, heads, s_.width});
      x = d_.add("RMSNormalization", {x, d_.input(norm)},
                 {{"epsilon", d_.attrs().number("qk_norm_epsilon")}});
      x = d_.reshape(x, {0, 0, heads * s_.width});
    }
    if (d_.attrs().integer("do_rotary") == 0) return x;
    const ValueId positions = d_.has_input(kPositions) ? d_.input(kPositions) : positions_;
    return d_.add("RotaryEmbedding", {x, d_.input(kCosines), d_.input(kSines), positions},
                  {{"interleaved", d_.attrs().integer("rotary_interleaved")},
                   {"num_heads", heads},
                   {"rotary_embedding_dim", 2 * d_.shape(kCosines)[1]}});
  }

  ValueId heads_apart(ValueId x, int64_t heads) {
    return d_.transpose(d_.reshape(x, {0, 0, heads, s_.width}), {0, 2, 1, 3});
  }

  // The cache `past` with room for all keys and `fresh` written behind those of each sequence.
  ValueId present(size_t past, ValueId fresh) {
    const bool empty = !d_.has_input(past) || s_.past == 0;
    const ValueId cache = padded(empty ? fresh : d_.input(past), empty ? s_.tokens : s_.past);
    if (empty) return cache;
    return d_.add("TensorScatter", {cache, fresh, d_.reshape(starts_, {-1})},
                  {{"axis", int64_t{2}}});
  }

  // What is added to the scores, or a mask: [batch, heads or 1, tokens, keys].
  ValueId mask(ValueId cache) {
    const ValueId keys = key_positions(cache);
    const auto column = [&](ValueId x) { return d_.unsqueeze(x, {1, 3}); };
    ValueId seen;
    if (d_.attrs().integer("causal") != 0) {
      seen = d_.add("LessOrEqual", {keys, column(positions_)});
      const int64_t window = d_.attrs().integer("local_window_size");
      if (window >= 0) {
        const ValueId first = d_.add("Sub", {positions_, d_.integers({window})});
        seen = d_.add("And", {seen, d_.add("Greater", {keys, column(first)})});
      }
    } else {
      seen = d_.add("Less", {keys, column(lengths_)});
    }
    const bool sinks = has_sinks();
    if (!d_.has_input(kBias) && !sinks) return seen;
    constexpr double kNever = -std::numeric_limits<double>::infinity();
    ValueId bias = d_.add("Where", {seen, d_.number(0, dtype_), d_.number(kNever, dtype_)});
    if (d_.has_input(kBias)) bias = d_.add("Add", {bias, d_.input(kBias)});
    if (!sinks) return bias;
    const ValueId every = d_.integers({s_.batch, s_.heads, s_.tokens, 1});
    const ValueId sink = d_.has_input(kSinks) ? d_.reshape(d_.input(kSinks), {1, s_.heads, 1, 1})
                                              : d_.number(0, dtype_);
    return d_.add("Concat", {d_.add("Expand", {sink, every}), d_.add("Expand", {bias, every})},
                  {{"axis", int64_t{3}}});
  }

  // A sink is a key of zeros before all others: its score is its bias, its value counts nothing.
  bool has_sinks() const {
    return d_.has_input(kSinks) || d_.attrs().integer("smooth_softmax") == 1;
  }
  ValueId with_sink(ValueId cache) {
    if (!has_sinks()) return cache;
    const ValueId shape = d_.integers({s_.batch, s_.key_heads, 1, s_.width});
    const ValueId zeros = d_.add("Expand", {d_.number(0, dtype_), shape});
    return d_.add("Concat", {zeros, cache}, {{"axis", int64_t{2}}});
  }

 private:
  ValueId to_int64(size_t i) { return d_.cast(d_.input(i), DType::int32, DType::int64); }

  // `cache` of `rows` rows with zeros behind, up to the total.
  ValueId padded(ValueId cache, int64_t rows) {
    if (total_ != Shape::kUnknown) {
      if (total_ <= rows) return cache;
      return d_.add("Pad", {cache, d_.integers({0, 0, 0, 0, 0, 0, total_ - rows, 0})});
    }
    const ValueId total = d_.reshape(to_int64(kTotal), {1});
    const ValueId missing =
        d_.add("Max", {d_.add("Sub", {total, d_.integers({rows})}), d_.integers({0})});
    const ValueId pads =
        d_.add("Concat", {d_.integers({0, 0, 0, 0, 0, 0}), missing, d_.integers({0})},
               {{"axis", int64_t{0}}});
    return d_.add("Pad", {cache, pads});
  }

  // 0, 1, ... for every key, or for those that have a bias.
  ValueId key_positions(ValueId cache) {
    const int64_t given = d_.has_input(kBias)         ? d_.shape(kBias)[3]
                          : total_ == Shape::kUnknown ? Shape::kUnknown
                                                      : std::max(total_, s_.past);
    constexpr int64_t kMostKeys = int64_t{1} << 24;
    if (given != Shape::kUnknown && given <= kMostKeys) {
      std::vector<int64_t> positions(static_cast<size_t>(given));
      std::iota(positions.begin(), positions.end(), int64_t{0});
      return d_.integers(positions);
    }
    const ValueId counted = d_.has_input(kBias) ? d_.input(kBias) : cache;
    const int64_t axis = d_.has_input(kBias) ? 3 : 2;
    const ValueId count = d_.add("Shape", {counted}, {{"start", axis}, {"end", axis + 1}});
    return d_.add("Range", {d_.number(0, DType::int64), d_.add("Squeeze", {count}),
                            d_.number(1, DType::int64)});
  }

  Decomposition& d_;
  const Sizes& s_;
  int64_t total_;
  DType dtype_;
  ValueId lengths_, starts_, positions_;  // [batch, 1], [batch, 1], [batch, tokens]
};

Result<bool> attention(Decomposition& d) {
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(d.attrs(), d.shape(kQuery), d.has_input(kKey) ? &d.shape(kKey) : nullptr,
                          d.has_input(kPastKey) ? &d.shape(kPastKey) : nullptr));
  OARLOCK_ASSIGN(const int64_t total, known_total(d.constant(kTotal)));
  constexpr int64_t kMostTokens = int64_t{1} << 24;
  for (int64_t extent : {s.batch, s.tokens, s.width, s.past})
    if (extent == Shape::kUnknown || extent > kMostTokens) return false;
  if (d.has_input(kCosines) && product_of(2, d.shape(kCosines)[1]) == Shape::kUnknown) return false;
  Builder build(d, s, total);
  ValueId query = d.input(kQuery), key = d.input(kKey), value = d.input(kValue);
  if (key == kNone) {
    const int64_t columns = s.key_heads * s.width;
    const auto parts =
        d.add_many("Split", {query, d.integers({s.heads * s.width, columns, columns})},
                   {{"axis", int64_t{2}}}, 3);
    query = parts[0];
    key = parts[1];
    value = parts[2];
  }
  query = build.heads_apart(build.prepared(query, s.heads, kQueryNorm), s.heads);
  key = build.heads_apart(build.prepared(key, s.key_heads, kKeyNorm), s.key_heads);
  key = build.present(kPastKey, key);
  value = build.present(kPastValue, build.heads_apart(value, s.key_heads));
  d.replace(1, key);
  d.replace(2, value);
  Attrs attrs{{"softcap", d.attrs().number("softcap")}};
  if (const float scale = d.attrs().number("scale"); scale != 0) attrs.set("scale", scale);
  const ValueId y =
      d.add("Attention", {query, build.with_sink(key), build.with_sink(value), build.mask(key)},
            std::move(attrs));
  d.replace(0, d.reshape(d.transpose(y, {0, 2, 1, 3}), {0, 0, s.heads * s.width}));
  return true;
}

}  // namespace

std::span<const OpDef> group_query_attention_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "GroupQueryAttention",
                   .attrs = {{"causal", 1},
                             {"do_rotary", 0},
                             {"k_quant_type", "NONE"},
                             {"kv_cache_bit_width", 0},
                             AttrDef::must("kv_num_heads", AttrKind::integer),
                             {"local_window_size", -1},
                             AttrDef::must("num_heads", AttrKind::integer),
                             {"qk_norm_epsilon", 1e-6f},
                             {"qk_output", 0},
                             {"rotary_interleaved", 0},
                             {"scale", AttrKind::number},
                             {"sliding_window_cache", 0},
                             {"smooth_softmax", -1},
                             {"softcap", 0.0f},
                             {"v_quant_type", "NONE"}},
                   .inputs = {1, 16},
                   .outputs = {1, 3}},
                  nullptr, attention, infer),
  };
  return defs;
}

}  // namespace oarlock::ops
