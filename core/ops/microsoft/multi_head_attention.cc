// MultiHeadAttention of com.microsoft (1): queries, keys and values are projected already.
#include "core/ops/microsoft/attention_parts.h"

namespace oarlock::ops {

namespace {

enum Input : size_t {
  kQuery,
  kKey,
  kValue,
  kBias,
  kMask,
  kAttentionBias,
  kPastKey,
  kPastValue,
  kPastLength,
  kBeams
};

// Widths are those of all heads together; kUnknown where not known yet.
struct Sizes {
  int64_t batch, queries, keys, past = 0;
  int64_t width = 0, key_width = 0, value_width = 0;
  int64_t total() const { return sum_of(past, keys); }
};

// `inputs` gives the shape of an input, or null when it is omitted.
template <class F>
Result<Sizes> sizes_of(int64_t heads, F inputs) {
  const Shape& q = *inputs(kQuery);
  const Shape* k = inputs(kKey);
  const Shape* v = inputs(kValue);
  Sizes s{q[0], q[1], q[1]};
  if (q.rank() == 5) {
    if (k || v) return invalid("query of shape ", q, " holds keys and values; omit key and value");
    if (!agree(q[2], heads) || !agree(q[3], 3))
      return invalid("query has shape ", q, ", expected [batch, sequence, ", heads, ", 3, width]");
    s.width = s.key_width = s.value_width = product_of(heads, q[4]);
  } else if (q.rank() != 3 || !k) {
    return invalid("query of shape ", q, " must have three dimensions beside a key, or five");
  } else if (k->rank() == 5) {
    if (v) return invalid("key of shape ", *k, " holds the values; omit value");
    if (!agree((*k)[2], heads) || !agree((*k)[3], 2))
      return invalid("key has shape ", *k, ", expected [batch, sequence, ", heads, ", 2, width]");
    s.keys = (*k)[1];
    s.width = q[2];
    s.key_width = s.value_width = product_of(heads, (*k)[4]);
  } else {
    if (!v || v->rank() != k->rank() || (k->rank() != 3 && k->rank() != 4))
      return invalid("key of shape ", *k, " needs a value with three or four dimensions as well");
    const bool apart = k->rank() == 4;
    if (apart && (!agree((*k)[1], heads) || !agree((*v)[1], heads)))
      return invalid("key ", *k, " and value ", *v, " do not have ", heads, " heads");
    s.keys = (*k)[apart ? 2 : 1];
    s.width = q[2];
    s.key_width = apart ? product_of(heads, (*k)[3]) : (*k)[2];
    s.value_width = apart ? product_of(heads, (*v)[3]) : (*v)[2];
  }
  if (!agree(s.width, s.key_width))
    return invalid("queries have ", s.width, " columns, keys ", s.key_width);
  OARLOCK_TRY(expect_heads(heads, "num_heads", s.width, "query"));
  OARLOCK_TRY(expect_heads(heads, "num_heads", s.value_width, "value"));
  if (const Shape* past = inputs(kPastKey)) {
    if (past->rank() != 4)
      return invalid("past_key has shape ", *past, ", expected four dimensions");
    s.past = (*past)[2];
  }
  return s;
}

Status infer(InferContext& c) {
  const DType dtype = c.dtype(kQuery);
  const int64_t heads = c.attrs().integer("num_heads");
  OARLOCK_TRY(expect_float(c, kQuery, "query"));
  for (const auto& [i, name] : std::initializer_list<std::pair<size_t, std::string_view>>{
           {kKey, "key"},
           {kValue, "value"},
           {kBias, "bias"},
           {kAttentionBias, "attention_bias"},
           {kPastKey, "past_key"},
           {kPastValue, "past_value"}})
    if (c.has_input(i)) OARLOCK_TRY(expect_same_dtype(c, i, name, dtype));
  if (c.has_input(kPastLength) || c.has_input(kBeams))
    return unsupported("inputs past_sequence_length and cache_indirection are not implemented");
  if (c.has_input(kPastKey) != c.has_input(kPastValue))
    return invalid("inputs past_key and past_value go together");
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(heads, [&](size_t i) { return c.has_input(i) ? &c.shape(i) : nullptr; }));
  if (c.has_input(kBias))
    OARLOCK_TRY(expect_shape(c, kBias, "bias", {sum_of(product_of(2, s.width), s.value_width)}));
  if (c.has_input(kAttentionBias)) OARLOCK_TRY(expect_rank(c, kAttentionBias, "attention_bias", 4));
  OARLOCK_TRY(expect_mask(c, kMask, "key_padding_mask", s.batch, s.queries, s.total()));
  const auto part = [&](int64_t width) { return width == Shape::kUnknown ? width : width / heads; };
  c.set_output(0, dtype, {s.batch, s.queries, s.value_width});
  c.set_output(1, dtype, {s.batch, heads, s.total(), part(s.width)});
  c.set_output(2, dtype, {s.batch, heads, s.total(), part(s.value_width)});
  c.set_output(3, dtype, {s.batch, heads, s.queries, s.total()});
  return {};
}

Result<bool> attention(Decomposition& d) {
  const int64_t heads = d.attrs().integer("num_heads");
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(heads, [&](size_t i) { return d.has_input(i) ? &d.shape(i) : nullptr; }));
  AttentionParts a{d.input(kQuery), d.input(kKey), d.input(kValue)};
  const auto unpack = [&](ValueId packed, int64_t count) {
    std::vector<ValueId> parts =
        d.add_many("Split", {packed}, {{"axis", int64_t{3}}, {"num_outputs", count}},
                   static_cast<size_t>(count));
    for (ValueId& part : parts) part = d.reshape(part, {0, 0, -1});
    return parts;
  };
  const auto join_heads = [&](ValueId value) {
    return d.reshape(d.transpose(value, {0, 2, 1, 3}), {0, 0, -1});
  };
  const bool apart = d.has_input(kKey) && d.shape(kKey).rank() == 4;
  if (d.shape(kQuery).rank() == 5) {
    const auto parts = unpack(a.query, 3);
    a.query = parts[0];
    a.key = parts[1];
    a.value = parts[2];
  } else if (d.shape(kKey).rank() == 5) {
    const auto parts = unpack(a.key, 2);
    a.key = parts[0];
    a.value = parts[1];
  } else if (apart) {
    a.key = join_heads(a.key);
    a.value = join_heads(a.value);
  }
  if (d.has_input(kBias)) {
    if (s.width == Shape::kUnknown || s.value_width == Shape::kUnknown) return false;
    const auto bias =
        d.add_many("Split", {d.input(kBias), d.integers({s.width, s.width, s.value_width})}, {}, 3);
    a.query = d.add("Add", {a.query, bias[0]});
    // Keys and values that come with their heads apart are those of a cache, with the bias in them.
    if (!apart) {
      a.key = d.add("Add", {a.key, bias[1]});
      a.value = d.add("Add", {a.value, bias[2]});
    }
  }
  if (d.has_input(kMask)) {
    a.bias = mask_bias(d, kMask, d.dtype(kQuery), s.batch, s.total());
    if (a.bias == kNone) return false;
  }
  a.bias = add_biases(d, a.bias, d.input(kAttentionBias));
  a.past_key = d.input(kPastKey);
  a.past_value = d.input(kPastValue);
  a.heads = heads;
  a.causal = d.attrs().integer("unidirectional") != 0;
  a.scale = d.attrs().number("scale");
  const auto outputs = add_attention(d, a);
  for (size_t i = 0; i < outputs.size(); ++i) d.replace(i, outputs[i]);
  return true;
}

}  // namespace

std::span<const OpDef> multi_head_attention_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "MultiHeadAttention",
                   .attrs = {{"mask_filter_value", -10000.0f},
                             AttrDef::must("num_heads", AttrKind::integer),
                             {"scale", AttrKind::number},
                             {"unidirectional", 0}},
                   .inputs = {1, 10},
                   .outputs = {1, 4}},
                  nullptr, attention, infer),
  };
  return defs;
}

}  // namespace oarlock::ops
