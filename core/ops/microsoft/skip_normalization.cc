// LayerNormalization, SimplifiedLayerNormalization, SkipLayerNormalization,
// SkipSimplifiedLayerNormalization and EmbedLayerNormalization of com.microsoft (1). ONNX Runtime
// writes the first two with the standard domain.
#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

// gamma and beta of an input whose last axis is normalized.
Status expect_parameters(const InferContext& c, size_t first, size_t end, size_t input) {
  static constexpr std::string_view kNames[] = {"gamma", "beta", "bias"};
  const int64_t width = c.shape(input).back();
  for (size_t i = first; i < end; ++i) {
    if (!c.has_input(i)) continue;
    const std::string_view name = kNames[i - first];
    OARLOCK_TRY(expect_same_dtype(c, i, name, c.dtype(input)));
    OARLOCK_TRY(expect_shape(c, i, name, {width}));
  }
  return {};
}

Status check_simplified(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_min_rank(c, 0, "X", 1));
  return expect_float(c, 1, "scale");
}

// 1 / sqrt(mean(x^2) + epsilon) in float32, over axes from `axis` on.
ValueId inverse_rms(Decomposition& d, ValueId x, DType dtype, size_t rank, int64_t axis) {
  std::vector<int64_t> axes;
  for (int64_t a = axis < 0 ? axis : axis - static_cast<int64_t>(rank); a < 0; ++a)
    axes.push_back(a);
  const DType wide = dtype == DType::float64 ? dtype : DType::float32;
  x = d.cast(x, dtype, wide);
  const ValueId mean = d.add("ReduceMean", {d.add("Mul", {x, x}), d.integers(axes)});
  const ValueId epsilon = d.number(d.attrs().number("epsilon"), wide);
  return d.add("Reciprocal", {d.add("Sqrt", {d.add("Add", {mean, epsilon})})});
}

Attrs normalization_attrs(const Attrs& from) {
  Attrs attrs{{"axis", from.integer("axis", -1)}, {"epsilon", from.number("epsilon")}};
  attrs.set("stash_type", from.integer("stash_type", 1));
  return attrs;
}

Result<bool> simplified(Decomposition& d) {
  const int64_t axis = d.attrs().integer("axis");
  OARLOCK_TRY(checked_axis(axis, d.shape(0).rank()).status());
  d.replace(0, d.add("RMSNormalization", {d.input(0), d.input(1)}, normalization_attrs(d.attrs())));
  if (d.has_output(1))
    d.replace(1, inverse_rms(d, d.input(0), d.dtype(0), d.shape(0).rank(), axis));
  return true;
}

Result<bool> layer_normalization(Decomposition& d) {
  const auto outputs = d.add_many("LayerNormalization", {d.input(0), d.input(1), d.input(2)},
                                  normalization_attrs(d.attrs()), 3);
  for (size_t i = 0; i < outputs.size(); ++i) d.replace(i, outputs[i]);
  return true;
}

OpDef simplified_op(const char* domain) {
  return function_op({.domain = domain,
                      .name = "SimplifiedLayerNormalization",
                      .attrs = {{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}},
                      .inputs = 2,
                      .outputs = {1, 2}},
                     check_simplified, simplified);
}

// input, skip, gamma, beta (but for the simplified one), bias.
Status check_skip(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "input"));
  OARLOCK_TRY(expect_rank_between(c, 0, "input", 2, 3));
  OARLOCK_TRY(expect_same_dtype(c, 1, "skip", c.dtype(0)));
  if (!broadcasts_to(c.shape(1), c.shape(0)))
    return invalid("input skip of shape ", c.shape(1), " does not broadcast to input of shape ",
                   c.shape(0));
  return expect_parameters(c, 2, c.input_count(), 0);
}

Result<bool> skip_normalization(Decomposition& d) {
  const bool rms = d.op() == "SkipSimplifiedLayerNormalization";
  const size_t bias = rms ? 3 : 4;
  ValueId sum = d.add("Add", {d.input(0), d.input(1)});
  if (d.has_input(bias)) sum = d.add("Add", {sum, d.input(bias)});
  d.replace(3, sum);
  const Attrs attrs = normalization_attrs(d.attrs());
  if (!rms) {
    const auto outputs = d.add_many("LayerNormalization", {sum, d.input(2), d.input(3)}, attrs, 3);
    for (size_t i = 0; i < outputs.size(); ++i) d.replace(i, outputs[i]);
    return true;
  }
  if (d.has_output(1)) return unsupported("output mean: this normalization has no mean");
  d.replace(0, d.add("RMSNormalization", {sum, d.input(2)}, attrs));
  if (d.has_output(2)) d.replace(2, inverse_rms(d, sum, d.dtype(0), d.shape(0).rank(), -1));
  return true;
}

enum Embed : size_t { kWords, kSegments, kWord, kPosition, kSegment, kGamma, kBeta, kMask, kIds };

Status check_embed(InferContext& c) {
  OARLOCK_TRY(expect_present(c, {{kWord, "word_embedding"},
                                 {kPosition, "position_embedding"},
                                 {kGamma, "gamma"},
                                 {kBeta, "beta"}}));
  OARLOCK_TRY(expect_dtype(c, kWords, "input_ids", {DType::int32}));
  OARLOCK_TRY(expect_rank(c, kWords, "input_ids", 2));
  OARLOCK_TRY(expect_float(c, kWord, "word_embedding"));
  OARLOCK_TRY(expect_rank(c, kWord, "word_embedding", 2));
  const int64_t width = c.shape(kWord)[1];
  OARLOCK_TRY(expect_same_dtype(c, kPosition, "position_embedding", c.dtype(kWord)));
  OARLOCK_TRY(expect_shape(c, kPosition, "position_embedding", {Shape::kUnknown, width}));
  if (c.has_input(kSegments) != c.has_input(kSegment))
    return invalid("inputs segment_ids and segment_embedding go together");
  if (c.has_input(kSegment)) {
    OARLOCK_TRY(expect_dtype(c, kSegments, "segment_ids", {DType::int32}));
    OARLOCK_TRY(expect_shape(c, kSegments, "segment_ids", c.shape(kWords)));
    OARLOCK_TRY(expect_same_dtype(c, kSegment, "segment_embedding", c.dtype(kWord)));
    OARLOCK_TRY(expect_shape(c, kSegment, "segment_embedding", {Shape::kUnknown, width}));
  }
  OARLOCK_TRY(expect_parameters(c, kGamma, kMask, kWord));
  if (c.has_input(kMask)) {
    OARLOCK_TRY(expect_dtype(c, kMask, "mask", {DType::int32}));
    OARLOCK_TRY(expect_shape(c, kMask, "mask", c.shape(kWords)));
  }
  if (!c.has_input(kIds)) return {};
  OARLOCK_TRY(expect_dtype(c, kIds, "position_ids", {DType::int32}));
  OARLOCK_TRY(expect_rank(c, kIds, "position_ids", 2));
  if (!broadcasts_to(c.shape(kIds), c.shape(kWords)))
    return invalid("input position_ids has the shape ", c.shape(kIds), ", input_ids ",
                   c.shape(kWords));
  return {};
}

Status embed_types(InferContext& c) {
  Shape shape = c.shape(kWords);
  c.set_output(1, DType::int32, {shape[0]});
  shape.push_back(c.shape(kWord)[1]);
  c.set_output(0, c.dtype(kWord), shape);
  c.set_output(2, c.dtype(kWord), shape);
  return {};
}

Result<bool> embed(Decomposition& d) {
  const ValueId positions = d.has_input(kIds)
                                ? d.add("Gather", {d.input(kPosition), d.input(kIds)})
                                : d.add("Slice", {d.input(kPosition), d.integers({0}),
                                                  d.extent(kWords, 1), d.integers({0})});
  ValueId sum = d.add("Add", {d.add("Gather", {d.input(kWord), d.input(kWords)}), positions});
  if (d.has_input(kSegment))
    sum = d.add("Add", {sum, d.add("Gather", {d.input(kSegment), d.input(kSegments)})});
  d.replace(2, sum);
  d.replace(0, d.add("LayerNormalization", {sum, d.input(kGamma), d.input(kBeta)},
                     {{"epsilon", d.attrs().number("epsilon")}}));
  if (!d.has_output(1)) return true;
  d.replace(1,
            d.has_input(kMask)
                ? d.add("ReduceSum", {d.input(kMask), d.integers({1})}, {{"keepdims", int64_t{0}}})
                : d.add("Expand", {d.number(0, DType::int32), d.extent(kWords, 0)}));
  return true;
}

}  // namespace

std::span<const OpDef> skip_normalization_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft,
                   .name = "EmbedLayerNormalization",
                   .attrs = {{"epsilon", 1e-12f}, {"mask_index_type", AttrKind::integer}},
                   .inputs = {1, 9},
                   .outputs = {1, 3}},
                  check_embed, embed, embed_types),
      function_op({.domain = kMicrosoft,
                   .name = "LayerNormalization",
                   .attrs = {{"axis", -1}, {"epsilon", 1e-5f}, {"stash_type", 1}},
                   .inputs = {2, 3},
                   .outputs = {1, 3}},
                  check_simplified, layer_normalization),
      simplified_op(kMicrosoft),
      simplified_op(""),
      function_op({.domain = kMicrosoft,
                   .name = "SkipLayerNormalization",
                   .attrs = {{"epsilon", 1e-12f}},
                   .inputs = {3, 5},
                   .outputs = {1, 4}},
                  check_skip, skip_normalization),
      function_op({.domain = kMicrosoft,
                   .name = "SkipSimplifiedLayerNormalization",
                   .attrs = {{"epsilon", 1e-12f}},
                   .inputs = {3, 4},
                   .outputs = {1, 4}},
                  check_skip, skip_normalization),
  };
  return defs;
}

}  // namespace oarlock::ops
