#include "core/ops/microsoft/attention_parts.h"

#include <numeric>

namespace oarlock::ops {

std::vector<ValueId> add_attention(Decomposition& d, const AttentionParts& parts) {
  Attrs attrs{{"q_num_heads", parts.heads},
              {"kv_num_heads", parts.heads},
              {"is_causal", int64_t{parts.causal}},
              {"qk_matmul_output_mode", int64_t{3}}};
  if (parts.scale != 0) attrs.set("scale", parts.scale);
  return d.add_many(
      "Attention",
      {parts.query, parts.key, parts.value, parts.bias, parts.past_key, parts.past_value},
      std::move(attrs), 4);
}

ValueId mask_bias(Decomposition& d, size_t mask, DType dtype, int64_t batch, int64_t total) {
  const Shape& shape = d.shape(mask);
  ValueId seen;
  if (shape.rank() == 1) {
    constexpr int64_t kMost = int64_t{1} << 24;
    if (batch == Shape::kUnknown || total == Shape::kUnknown || batch > kMost || total > kMost ||
        shape[0] == Shape::kUnknown)
      return kNone;
    std::vector<int32_t> positions(static_cast<size_t>(total));
    std::iota(positions.begin(), positions.end(), 0);
    const ValueId keys =
        d.constant(Tensor::of(Shape{1, 1, 1, total}, std::span<const int32_t>(positions)));
    const auto column = [&](int64_t from) {
      return d.reshape(d.slice(d.input(mask), 0, from, from + batch), {-1, 1, 1, 1});
    };
    seen = d.add("Less", {keys, column(0)});
    if (shape[0] == 2 * batch)
      seen = d.add("And", {seen, d.add("GreaterOrEqual", {keys, column(batch)})});
  } else {
    seen = d.add("Greater", {d.input(mask), d.number(0, DType::int32)});
    seen = shape.rank() == 2 ? d.unsqueeze(seen, {1, 2}) : d.unsqueeze(seen, {1});
  }
  const float hidden = d.attrs().number("mask_filter_value");
  return d.add("Where", {seen, d.number(0, dtype), d.number(hidden, dtype)});
}

Status expect_mask(const InferContext& c, size_t mask, std::string_view name, int64_t batch,
                   int64_t queries, int64_t total) {
  if (!c.has_input(mask)) return {};
  OARLOCK_TRY(expect_dtype(c, mask, name, {DType::int32}));
  const Shape& shape = c.shape(mask);
  switch (shape.rank()) {
    case 1:
      if (batch == Shape::kUnknown || agree(shape[0], batch) || shape[0] == sum_of(batch, batch))
        return {};
      return unsupported("input ", name, " has shape ", shape, "; expected one or two numbers for ",
                         "each of ", batch, " sequences");
    case 2:
      return expect_shape(c, mask, name, {batch, total});
    case 3:
      return expect_shape(c, mask, name, {batch, queries, total});
    default:
      return unsupported("input ", name, " has shape ", shape,
                         "; masks of one to three dimensions are implemented");
  }
}

ValueId add_biases(Decomposition& d, ValueId a, ValueId b) {
  if (a == kNone || b == kNone) return a == kNone ? b : a;
  return d.add("Add", {a, b});
}

Status expect_heads(int64_t heads, std::string_view attribute, int64_t width,
                    std::string_view what) {
  if (heads < 1) return invalid("attribute ", attribute, " must be positive, but is ", heads);
  if (width == Shape::kUnknown || width % heads == 0) return {};
  return invalid(what, " has ", width, " columns, which attribute ", attribute, ", ", heads,
                 ", does not divide");
}

}  // namespace oarlock::ops
