// ai.onnx.preview FlexAttention (1): attention whose scores and probabilities pass through graphs.
#include <cmath>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/matrix_product.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  constexpr std::string_view kNames[] = {"Q", "K", "V"};
  for (size_t i = 0; i < 3; ++i) {
    OARLOCK_TRY(expect_float(c, i, kNames[i]));
    OARLOCK_TRY(expect_same_dtype(c, i, kNames[i], c.dtype(0)));
    OARLOCK_TRY(expect_rank(c, i, kNames[i], 4));
  }
  const Shape& q = c.shape(0);
  const Shape& k = c.shape(1);
  OARLOCK_TRY(expect_shape(c, 1, "K", {q[0], Shape::kUnknown, Shape::kUnknown, q[3]}));
  OARLOCK_TRY(expect_shape(c, 2, "V", {q[0], k[1], k[2], Shape::kUnknown}));
  if (q[1] != Shape::kUnknown && k[1] != Shape::kUnknown && (k[1] < 1 || q[1] % k[1] != 0))
    return invalid(q[1], " query heads do not share ", k[1], " key heads evenly");
  c.set_output(0, c.dtype(0), {known_of(q[0], k[0]), q[1], q[2], c.shape(2)[3]});
  return {};
}

// Runs the graph in attribute `name`, if there is one, over a tensor.
Status modify(RunContext& c, std::string_view name, Tensor& tensor) {
  if (c.attrs().graph(name) == nullptr) return {};
  const Value input = tensor;
  OARLOCK_ASSIGN(std::vector<Value> results, c.run_graph(name, {&input, 1}));
  if (results.size() != 1 || !results[0].is_tensor() ||
      results[0].tensor().dtype() != tensor.dtype() ||
      results[0].tensor().shape() != tensor.shape())
    return invalid("graph ", name, " must give one tensor of type and shape ", tensor);
  OARLOCK_ASSIGN(tensor, results[0].tensor().clone());
  return {};
}

template <class C>
Status run(RunContext& c, DType precision) {
  const Shape& q_shape = c.input(0).shape();
  const Shape& k_shape = c.input(1).shape();
  const int64_t batch = q_shape[0], heads = q_shape[1], queries = q_shape[2], width = q_shape[3];
  const int64_t shared = k_shape[1], keys = k_shape[2], v_width = c.input(2).shape()[3];
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), {batch, heads, queries, v_width}));
  OARLOCK_ASSIGN(Tensor scores, Tensor::allocate(precision, {batch, heads, queries, keys}));
  const Elements<C> q(c.input(0)), k(c.input(1)), v(c.input(2));
  const C scale = c.attrs().has("scale") ? static_cast<C>(c.attrs().number("scale"))
                                         : 1 / std::sqrt(static_cast<C>(width));
  const auto shared_head = [&](int64_t bh) {
    return bh / heads * shared + bh % heads / (heads / shared);
  };
  {
    Results<C> out(scores);
    for (int64_t bh = 0; bh < batch * heads; ++bh) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      matrix_product<C>(queries, keys, width, {q.data() + bh * queries * width, width, 1},
                        {k.data() + shared_head(bh) * keys * width, 1, width},
                        {out.data() + bh * queries * keys, keys, 1});
    }
    for (int64_t i = 0; i < out.size(); ++i) out[i] *= scale;
    out.store();
  }
  OARLOCK_TRY(modify(c, "score_mod", scores));
  {
    const Elements<C> from(scores);
    OARLOCK_ASSIGN(Tensor probabilities, Tensor::allocate(precision, scores.shape()));
    Results<C> out(probabilities);
    for (int64_t row = 0; row < (keys == 0 ? 0 : batch * heads * queries); ++row) {
      const C* x = from.data() + row * keys;
      C most = x[0];
      for (int64_t j = 1; j < keys; ++j) most = std::max(most, x[j]);
      C sum = 0;
      for (int64_t j = 0; j < keys; ++j) sum += out[row * keys + j] = std::exp(x[j] - most);
      for (int64_t j = 0; j < keys; ++j) out[row * keys + j] /= sum;
    }
    out.store();
    scores = std::move(probabilities);
  }
  OARLOCK_TRY(modify(c, "prob_mod", scores));
  const Elements<C> weights(scores);
  Results<C> y(*output);
  for (int64_t bh = 0; bh < batch * heads; ++bh) {
    matrix_product<C>(queries, v_width, keys, {weights.data() + bh * queries * keys, keys, 1},
                      {v.data() + shared_head(bh) * keys * v_width, v_width, 1},
                      {y.data() + bh * queries * v_width, v_width, 1});
  }
  y.store();
  return {};
}

Status flex_attention(RunContext& c) {
  const DType dtype = c.input(0).dtype();
  const DType fallback = dtype == DType::float64 ? DType::float64 : DType::float32;
  const auto precision =
      static_cast<DType>(c.attrs().integer("softmax_precision", static_cast<int64_t>(fallback)));
  if (!visit_floats(precision, [](auto) {}))
    return invalid("attribute softmax_precision is ", precision, ", which is no float type");
  const bool wide = precision == DType::float64 || dtype == DType::float64;
  return wide ? run<double>(c, precision) : run<float>(c, precision);
}

}  // namespace

std::span<const OpDef> flex_attention_ops() {
  static const std::vector<OpDef> defs = {
      {.domain = "ai.onnx.preview",
       .name = "FlexAttention",
       .since_version = 1,
       .attrs = {{"prob_mod", AttrKind::graph},
                 {"scale", AttrKind::number},
                 {"score_mod", AttrKind::graph},
                 {"softmax_precision", AttrKind::integer}},
       .inputs = 3,
       .infer = infer,
       .reference = flex_attention},
  };
  return defs;
}

}  // namespace oarlock::ops
