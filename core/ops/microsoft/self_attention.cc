// Attention and QAttention of com.microsoft (1): queries, keys and values come from one product
// with merged weights.
#include "core/ops/microsoft/attention_parts.h"

namespace oarlock::ops {

namespace {

// Where the two operators have their inputs.
struct Inputs {
  size_t bias, mask, past;
};
constexpr Inputs kFloat{2, 3, 4}, kQuantized{2, 5, 8};
constexpr size_t kAttentionBias = 5, kPastLength = 6;  // of Attention

struct Sizes {
  int64_t batch, queries, past = 0;
  std::vector<int64_t> widths = {};  // of queries, keys and values
  int64_t total() const { return sum_of(past, queries); }
};

// `widths` stays empty when it cannot be told yet.
Result<Sizes> sizes_of(const Attrs& attrs, const Shape& x, const Shape& w, const Shape* past) {
  Sizes s{x[0], x[1]};
  if (past != nullptr) s.past = (*past)[3];
  s.widths = attrs.integers("qkv_hidden_sizes");
  const int64_t columns = w[1];
  if (s.widths.empty()) {
    if (columns == Shape::kUnknown) return s;
    if (columns % 3 != 0)
      return invalid("the weights have ", columns,
                     " columns, which are not three parts of one width; set qkv_hidden_sizes");
    s.widths.assign(3, columns / 3);
  } else if (s.widths.size() != 3 || s.widths[0] != s.widths[1] || s.widths[0] < 1 ||
             s.widths[2] < 1 || s.widths[0] > (int64_t{1} << 40) ||
             s.widths[2] > (int64_t{1} << 40) || !agree(columns, 2 * s.widths[0] + s.widths[2])) {
    return invalid("attribute qkv_hidden_sizes does not tell how ", columns,
                   " columns of weights divide: queries and keys of one width, then values");
  }
  for (int64_t width : s.widths)
    OARLOCK_TRY(
        expect_heads(attrs.integer("num_heads"), "num_heads", width, "a part of the weights"));
  return s;
}

Status check_common(InferContext& c, const Inputs& at, DType dtype) {
  OARLOCK_TRY(expect_rank(c, 0, "input", 3));
  OARLOCK_TRY(expect_rank(c, 1, "weights", 2));
  if (!agree(c.shape(0)[2], c.shape(1)[0]))
    return invalid("input of shape ", c.shape(0), " and weights of shape ", c.shape(1),
                   " do not fit together");
  for (const char* name : {"do_rotary", "past_present_share_buffer"})
    if (c.attrs().integer(name) != 0) return unsupported("attribute ", name, " is not implemented");
  const bool cached = c.has_input(at.past);
  if (cached) {
    OARLOCK_TRY(expect_same_dtype(c, at.past, "past", dtype));
    OARLOCK_TRY(expect_rank(c, at.past, "past", 5));
  }
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(c.attrs(), c.shape(0), c.shape(1), cached ? &c.shape(at.past) : nullptr));
  if (c.has_input(at.bias)) {
    OARLOCK_TRY(expect_same_dtype(c, at.bias, "bias", dtype));
    OARLOCK_TRY(expect_shape(c, at.bias, "bias", {c.shape(1)[1]}));
  }
  const int64_t heads = c.attrs().integer("num_heads");
  if (heads < 1) return invalid("attribute num_heads must be positive, but is ", heads);
  if (cached)
    OARLOCK_TRY(expect_shape(c, at.past, "past", {2, s.batch, heads, s.past, Shape::kUnknown}));
  OARLOCK_TRY(expect_mask(c, at.mask, "mask_index", s.batch, s.queries, s.total()));
  if ((cached || c.node().output(1) != kNone) && !s.widths.empty() && s.widths[0] != s.widths[2])
    return unsupported("a cache for keys and values of different widths is not implemented");
  const int64_t width = s.widths.empty() ? Shape::kUnknown : s.widths[2];
  c.set_output(0, dtype, {s.batch, s.queries, width});
  c.set_output(
      1, dtype,
      {2, s.batch, heads, s.total(), width == Shape::kUnknown ? Shape::kUnknown : width / heads});
  return {};
}

Status infer_attention(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_same_dtype(c, 1, "weights", c.dtype(0)));
  if (c.has_input(kPastLength)) return unsupported("input past_sequence_length is not implemented");
  if (c.has_input(kAttentionBias)) {
    OARLOCK_TRY(expect_same_dtype(c, kAttentionBias, "attention_bias", c.dtype(0)));
    OARLOCK_TRY(expect_rank(c, kAttentionBias, "attention_bias", 4));
  }
  return check_common(c, kFloat, c.dtype(0));
}

// input, weight, bias, input_scale, weight_scale, mask_index, input_zero_point,
// weight_zero_point, past.
Status infer_quantized(InferContext& c) {
  for (size_t i : {size_t{0}, size_t{1}})
    OARLOCK_TRY(expect_dtype(c, i, i == 0 ? "input" : "weight", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_dtype(c, 2, "bias", {DType::float32, DType::float16}));
  OARLOCK_TRY(expect_same_dtype(c, 3, "input_scale", c.dtype(2)));
  OARLOCK_TRY(expect_single(c, 3, "input_scale"));
  OARLOCK_TRY(expect_same_dtype(c, 4, "weight_scale", c.dtype(2)));
  OARLOCK_TRY(expect_rank(c, 1, "weight", 2));
  OARLOCK_TRY(expect_columns(c, 4, "weight_scale", c.shape(1)[1]));
  if (c.has_input(6)) {
    OARLOCK_TRY(expect_same_dtype(c, 6, "input_zero_point", c.dtype(0)));
    OARLOCK_TRY(expect_single(c, 6, "input_zero_point"));
  }
  if (c.has_input(7)) {
    OARLOCK_TRY(expect_same_dtype(c, 7, "weight_zero_point", c.dtype(1)));
    OARLOCK_TRY(expect_columns(c, 7, "weight_zero_point", c.shape(1)[1]));
  }
  return check_common(c, kQuantized, c.dtype(2));
}

// `projected`: queries, keys and values side by side.
Result<bool> attend(Decomposition& d, const Inputs& at, DType dtype, ValueId projected,
                    ValueId attention_bias) {
  const bool cached = d.has_input(at.past);
  OARLOCK_ASSIGN(const Sizes s,
                 sizes_of(d.attrs(), d.shape(0), d.shape(1), cached ? &d.shape(at.past) : nullptr));
  if (s.widths.empty()) return false;
  const auto parts =
      d.add_many("Split", {projected, d.integers(s.widths)}, {{"axis", int64_t{2}}}, 3);
  AttentionParts a{parts[0], parts[1], parts[2]};
  a.heads = d.attrs().integer("num_heads");
  a.causal = d.attrs().integer("unidirectional") != 0;
  a.scale = d.attrs().number("scale");
  if (d.has_input(at.mask)) {
    a.bias = mask_bias(d, at.mask, dtype, s.batch, s.total());
    if (a.bias == kNone) return false;
  }
  a.bias = add_biases(d, a.bias, attention_bias);
  if (cached) {
    const auto past = [&](int64_t i) {
      return d.add("Gather", {d.input(at.past), d.constant(Tensor::scalar(i))});
    };
    a.past_key = past(0);
    a.past_value = past(1);
  }
  const auto outputs = add_attention(d, a);
  d.replace(0, outputs[0]);
  if (d.has_output(1))
    d.replace(1, d.add("Concat", {d.unsqueeze(outputs[1], {0}), d.unsqueeze(outputs[2], {0})},
                       {{"axis", int64_t{0}}}));
  return true;
}

Result<bool> attention(Decomposition& d) {
  ValueId projected = d.add("MatMul", {d.input(0), d.input(1)});
  if (d.has_input(kFloat.bias)) projected = d.add("Add", {projected, d.input(kFloat.bias)});
  return attend(d, kFloat, d.dtype(0), projected, d.input(kAttentionBias));
}

Result<bool> quantized_attention(Decomposition& d) {
  const ValueId projected = integer_product(d, {.a = d.input(0),
                                                .b = d.input(1),
                                                .a_zero = d.input(6),
                                                .b_zero = d.input(7),
                                                .a_scale = d.input(3),
                                                .b_scale = d.input(4),
                                                .bias = d.input(kQuantized.bias),
                                                .dtype = d.dtype(2)});
  return attend(d, kQuantized, d.dtype(2), projected, kNone);
}

std::vector<AttrDef> attention_attrs() {
  return {{"do_rotary", 0},
          {"mask_filter_value", -10000.0f},
          AttrDef::must("num_heads", AttrKind::integer),
          {"past_present_share_buffer", 0},
          {"scale", AttrKind::number},
          {"unidirectional", 0}};
}

}  // namespace

std::span<const OpDef> self_attention_ops() {
  static const std::vector<OpDef> defs = [] {
    std::vector<AttrDef> merged = attention_attrs();
    merged.emplace_back("qkv_hidden_sizes", AttrKind::integers);
    merged.emplace_back("rotary_embedding_dim", AttrKind::integer);
    return std::vector<OpDef>{
        function_op({.domain = kMicrosoft,
                     .name = "Attention",
                     .attrs = merged,
                     .inputs = {2, 7},
                     .outputs = {1, 2}},
                    nullptr, attention, infer_attention),
        function_op({.domain = kMicrosoft,
                     .name = "QAttention",
                     .attrs = attention_attrs(),
                     .inputs = {5, 9},
                     .outputs = {1, 2}},
                    nullptr, quantized_attention, infer_quantized),
    };
  }();
  return defs;
}

}  // namespace oarlock::ops
