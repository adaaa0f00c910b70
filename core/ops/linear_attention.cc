// LinearAttention and CausalConvWithState (ONNX 27): recurrences that carry a state.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

enum Input : size_t { kQuery, kKey, kValue, kPast, kDecay, kBeta };

Status expect_small_float(const InferContext& c, size_t i, std::string_view name) {
  return expect_dtype(c, i, name, {DType::float32, DType::float16, DType::bfloat16});
}

Status infer_attention(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  constexpr std::string_view kNames[] = {"query", "key", "value", "past_state", "decay", "beta"};
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    OARLOCK_TRY(expect_small_float(c, i, kNames[i]));
    if (i != kPast) OARLOCK_TRY(expect_same_dtype(c, i, kNames[i], c.dtype(0)));
    OARLOCK_TRY(expect_rank(c, i, kNames[i], i == kPast ? 4 : 3));
  }
  const Shape& q = c.shape(kQuery);
  const int64_t heads = c.attrs().integer("q_num_heads");
  const int64_t shared = c.attrs().integer("kv_num_heads");
  if (heads < 1 || shared < 1 || heads % shared != 0 || shared > (1 << 24))
    return invalid("attribute q_num_heads, ", heads, ", must be a multiple of kv_num_heads, ",
                   shared);
  const int64_t v_columns = c.shape(kValue)[2];
  if ((q[2] != Shape::kUnknown && q[2] % heads != 0) ||
      (v_columns != Shape::kUnknown && v_columns % shared != 0))
    return invalid("query has shape ", q, " and value ", c.shape(kValue),
                   "; their columns do not divide into the heads");
  const int64_t width = q[2] == Shape::kUnknown ? q[2] : q[2] / heads;
  const int64_t v_width = v_columns == Shape::kUnknown ? v_columns : v_columns / shared;
  const auto columns = [](int64_t n, int64_t w) { return w == Shape::kUnknown ? w : n * w; };
  OARLOCK_TRY(expect_shape(c, kKey, "key", {q[0], q[1], columns(shared, width)}));
  OARLOCK_TRY(expect_shape(c, kValue, "value", {q[0], q[1], v_columns}));
  const Shape state{q[0], shared, width, v_width};
  if (c.has_input(kPast)) OARLOCK_TRY(expect_shape(c, kPast, "past_state", state));
  const std::string& rule = c.attrs().string("update_rule");
  const bool gated = rule == "gated" || rule == "gated_delta";
  const bool delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return invalid("attribute update_rule must be linear, gated, delta or gated_delta, but is ",
                   rule);
  if (c.has_input(kDecay) != gated || c.has_input(kBeta) != delta)
    return invalid("update_rule ", rule, gated ? " needs" : " forbids", " input decay and",
                   delta ? " needs" : " forbids", " input beta");
  if (gated) {
    const Shape& decay = c.shape(kDecay);
    if (!agree(decay, {q[0], q[1], shared}) && !agree(decay, {q[0], q[1], columns(shared, width)}))
      return invalid("input decay of shape ", decay, " does not fit query of shape ", q);
  }
  if (delta) {
    const Shape& beta = c.shape(kBeta);
    if (!agree(beta, {q[0], q[1], shared}) && !agree(beta, {q[0], q[1], 1}))
      return invalid("input beta of shape ", beta, " does not fit query of shape ", q);
  }
  c.set_output(0, c.dtype(0), {q[0], q[1], columns(heads, v_width)});
  c.set_output(1, c.has_input(kPast) ? c.dtype(kPast) : c.dtype(0), state);
  return {};
}

Status linear_attention(RunContext& c) {
  const Shape& q_shape = c.input(kQuery).shape();
  const DType dtype = c.input(kQuery).dtype();
  const int64_t heads = c.attrs().integer("q_num_heads");
  const int64_t shared = c.attrs().integer("kv_num_heads");
  const int64_t batch = q_shape[0], tokens = q_shape[1], width = q_shape[2] / heads;
  const int64_t v_width = c.input(kValue).shape()[2] / shared;
  const bool gated = c.has_input(kDecay), delta = c.has_input(kBeta);
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, {batch, tokens, heads * v_width}));
  OARLOCK_ASSIGN(Tensor* const present,
                 c.output(1, c.has_input(kPast) ? c.input(kPast).dtype() : dtype,
                          {batch, shared, width, v_width}));
  const Elements<float> q(c.input(kQuery)), k(c.input(kKey)), v(c.input(kValue));
  Elements<float> decay, beta;
  if (gated) decay = Elements<float>(c.input(kDecay));
  if (delta) beta = Elements<float>(c.input(kBeta));
  Results<float> y(*output), state(*present);
  std::fill_n(state.data(), state.size(), 0.0f);
  if (c.has_input(kPast)) {
    const Elements<float> past(c.input(kPast));
    std::copy(past.begin(), past.end(), state.data());
  }
  float scale = c.attrs().number("scale");
  if (scale == 0) scale = 1 / std::sqrt(static_cast<float>(width));
  const bool per_head = gated && c.input(kDecay).shape()[2] == shared;
  const int64_t betas = delta ? c.input(kBeta).shape()[2] : 1;
  std::vector<float> update(static_cast<size_t>(v_width));
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t t = 0; t < tokens; ++t) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      const int64_t bt = b * tokens + t;
      for (int64_t h = 0; h < shared; ++h) {
        const int64_t bth = bt * shared + h;
        float* s = state.data() + (b * shared + h) * width * v_width;
        const float* key = k.data() + bth * width;
        for (int64_t i = 0; gated && i < width; ++i) {
          const float factor = std::exp(per_head ? decay[bth] : decay[bth * width + i]);
          for (int64_t j = 0; j < v_width; ++j) s[i * v_width + j] *= factor;
        }
        std::copy_n(v.data() + bth * v_width, v_width, update.begin());
        if (delta) {
          for (int64_t i = 0; i < width; ++i) {
            for (int64_t j = 0; j < v_width; ++j) update[j] -= s[i * v_width + j] * key[i];
          }
          for (float& value : update) value *= beta[bt * betas + (betas == 1 ? 0 : h)];
        }
        for (int64_t i = 0; i < width; ++i) {
          for (int64_t j = 0; j < v_width; ++j) s[i * v_width + j] += key[i] * update[j];
        }
      }
      for (int64_t h = 0; h < heads; ++h) {
        const float* s = state.data() + (b * shared + h / (heads / shared)) * width * v_width;
        const float* query = q.data() + (bt * heads + h) * width;
        for (int64_t j = 0; j < v_width; ++j) {
          float sum = 0;
          for (int64_t i = 0; i < width; ++i) sum += query[i] * s[i * v_width + j];
          y[(bt * heads + h) * v_width + j] = scale * sum;
        }
      }
    }
  }
  y.store();
  state.store();
  return {};
}

Status infer_conv(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_small_float(c, 0, "input"));
  OARLOCK_TRY(expect_rank(c, 0, "input", 3));
  const Shape& x = c.shape(0);
  OARLOCK_TRY(expect_same_dtype(c, 1, "weight", c.dtype(0)));
  OARLOCK_TRY(expect_shape(c, 1, "weight", {x[1], 1, Shape::kUnknown}));
  const int64_t kernel = c.shape(1)[2];
  if (kernel == 0) return invalid("input weight of shape ", c.shape(1), " is empty");
  const Shape state{x[0], known_of(x[1], c.shape(1)[0]),
                    kernel == Shape::kUnknown ? kernel : kernel - 1};
  OARLOCK_TRY(expect_optional(c, 2, "bias", c.dtype(0), {x[1]}));
  OARLOCK_TRY(expect_optional(c, 3, "past_state", c.dtype(0), state));
  const std::string& activation = c.attrs().string("activation");
  if (activation != "none" && activation != "silu" && activation != "swish")
    return invalid("attribute activation must be none, silu or swish, but is ", activation);
  c.set_output(0, c.dtype(0), x);
  c.set_output(1, c.dtype(0), state);
  return {};
}

Status causal_conv(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const DType dtype = c.input(0).dtype();
  const int64_t channels = shape[1], length = shape[2], kernel = c.input(1).shape()[2];
  const int64_t carried = kernel - 1;
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, dtype, shape));
  OARLOCK_ASSIGN(Tensor* const present, c.output(1, dtype, {shape[0], channels, carried}));
  const Elements<float> x(c.input(0)), weight(c.input(1));
  Elements<float> bias, past;
  if (c.has_input(2)) bias = Elements<float>(c.input(2));
  if (c.has_input(3)) past = Elements<float>(c.input(3));
  Results<float> y(*output), state(*present);
  const bool swish = c.attrs().string("activation") != "none";
  std::vector<float> line(static_cast<size_t>(carried + length), 0.0f);
  for (int64_t row = 0; row < shape[0] * channels; ++row) {
    const int64_t channel = row % channels;
    if (!past.empty()) std::copy_n(past.data() + row * carried, carried, line.begin());
    if (past.empty()) std::fill_n(line.begin(), carried, 0.0f);
    std::copy_n(x.data() + row * length, length, line.begin() + carried);
    for (int64_t t = 0; t < length; ++t) {
      float sum = bias.empty() ? 0 : bias[channel];
      for (int64_t k = 0; k < kernel; ++k) sum += weight[channel * kernel + k] * line[t + k];
      y[row * length + t] = swish ? sum / (1 + std::exp(-sum)) : sum;
    }
    std::copy_n(line.begin() + length, carried, state.data() + row * carried);
  }
  y.store();
  state.store();
  return {};
}

}  // namespace

std::span<const OpDef> linear_attention_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "LinearAttention",
       .since_version = 27,
       .attrs = {{"chunk_size", 64},
                 AttrDef::must("kv_num_heads", AttrKind::integer),
                 AttrDef::must("q_num_heads", AttrKind::integer),
                 {"scale", 0.0f},
                 {"update_rule", "gated_delta"}},
       .inputs = {3, 6},
       .outputs = {1, 2},
       .infer = infer_attention,
       .reference = linear_attention},
      {.name = "CausalConvWithState",
       .since_version = 27,
       .attrs = {{"activation", "none"}},
       .inputs = {2, 4},
       .outputs = {1, 2},
       .infer = infer_conv,
       .reference = causal_conv},
  };
  return defs;
}

}  // namespace oarlock::ops
