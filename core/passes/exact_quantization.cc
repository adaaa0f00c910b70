// A convolution or product between DequantizeLinear and QuantizeLinear computes with whole numbers:
// the scales of its operands move behind it, into the scale of the quantization. Sums of whole
// numbers below 2^24 are exact in float32, so the result is that of integer arithmetic, whatever
// the order of summation.
#include "core/passes/exact_quantization.h"

#include <cmath>
#include <optional>
#include <vector>

#include "core/ops/evaluate.h"
#include "core/passes/support/build.h"
#include "core/passes/support/match.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"

namespace oarlock::passes {
namespace {

std::vector<double> elements_of(const Tensor& tensor) {
  std::vector<double> elements;
  visit_numbers(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    for (const T& v : tensor.as<T>()) elements.push_back(static_cast<double>(v));
  });
  return elements;
}

// What a DequantizeLinear with constant scale and zero point reads.
struct Quantized {
  ValueId value = kNone;
  ValueId zero_id = kNone;
  std::vector<double> scale, zero;
  int64_t axis = 1;

  double zero_at(size_t i) const { return zero.size() == 1 ? zero[0] : zero[i]; }
};

std::optional<Quantized> dequantized(const Graph& graph, ValueId value) {
  const Node* node = made_by(graph, value, "DequantizeLinear");
  if (!node || dtype(graph, value) != DType::float32 || node->attrs.integer("block_size", 0) != 0)
    return std::nullopt;
  const Tensor* scale = graph.constant(node->input(1));
  if (!scale || scale->dtype() != DType::float32 || scale->elements() < 1) return std::nullopt;
  Quantized q;
  q.value = node->input(0);
  q.scale = elements_of(*scale);
  q.zero = {0.0};
  q.zero_id = node->input(2);
  q.axis = node->attrs.integer("axis", 1);
  if (q.zero_id != kNone) {
    const Tensor* zero = graph.constant(q.zero_id);
    if (!zero || (zero->elements() != 1 && zero->elements() != scale->elements()))
      return std::nullopt;
    q.zero = elements_of(*zero);
  }
  for (double s : q.scale)
    if (!(s > 0) || !std::isfinite(s)) return std::nullopt;
  return q;
}

bool is_byte(DType type) { return type == DType::uint8 || type == DType::int8; }

// The QuantizeLinear that alone reads `value`, directly or through a Relu.
struct Sink {
  std::optional<NodeId> relu;
  NodeId quantize = kNone;
};
std::optional<Sink> sink_of(const Graph& graph, ValueId value) {
  Sink sink;
  auto user = sole_user(graph, value);
  if (user && is(graph.node(*user), "Relu")) {
    sink.relu = user;
    user = sole_user(graph, graph.node(*user).output(0));
  }
  if (!user || !is(graph.node(*user), "QuantizeLinear")) return std::nullopt;
  sink.quantize = *user;
  return sink;
}

// Weights minus their zero point. `axis` holds the output channels.
std::optional<Tensor> whole_weights(const Tensor& weights, const Quantized& q, size_t axis) {
  if (q.scale.size() > 1 && (normalize_axis(q.axis, weights.shape().rank()) != axis ||
                             weights.shape()[axis] != static_cast<int64_t>(q.scale.size())))
    return std::nullopt;
  std::vector<double> values = elements_of(weights);
  int64_t inner = 1;
  for (size_t i = axis + 1; i < weights.shape().rank(); ++i) inner *= weights.shape()[i];
  const int64_t count = weights.shape()[axis];
  if (inner * count == 0) return std::nullopt;
  for (size_t i = 0; i < values.size(); ++i)
    values[i] -= q.zero_at(i / static_cast<size_t>(inner) % static_cast<size_t>(count));
  Result<Tensor> whole = from_numbers(DType::float32, weights.shape(), values);
  if (!whole.ok()) return std::nullopt;
  return *std::move(whole);
}

// The bias in units of the product's scale.
std::optional<Tensor> whole_bias(const Graph& graph, ValueId bias,
                                 const std::vector<double>& scale) {
  std::vector<double> values;
  Shape shape;
  if (const auto q = dequantized(graph, bias)) {
    const Tensor* stored = graph.constant(q->value);
    if (!stored) return std::nullopt;
    values = elements_of(*stored);
    shape = stored->shape();
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = (values[i] - q->zero_at(i)) * (q->scale.size() == 1 ? q->scale[0] : q->scale[i]);
  } else if (const Tensor* constant = graph.constant(bias);
             constant && constant->dtype() == DType::float32) {
    values = elements_of(*constant);
    shape = constant->shape();
  } else {
    return std::nullopt;
  }
  if (shape.rank() != 1 || (scale.size() != 1 && scale.size() != values.size()))
    return std::nullopt;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] /= scale.size() == 1 ? scale[0] : scale[i];
    if (std::abs(values[i] - std::nearbyint(values[i])) < 1e-2)
      values[i] = std::nearbyint(values[i]);
  }
  Result<Tensor> whole = from_numbers(DType::float32, shape, values);
  if (!whole.ok()) return std::nullopt;
  return *std::move(whole);
}

// The axis of the weights that holds the output channels; empty for what cannot be moved behind.
std::optional<size_t> channel_axis(const Graph& graph, const Node& node) {
  if (is(node, "Conv")) return 0;
  const auto weight_rank = rank(graph, node.input(1));
  if (weight_rank != 2u || rank(graph, node.input(0)) != 2u) return std::nullopt;
  if (is(node, "MatMul")) return 1;
  if (node.attrs.number("alpha", 1.0f) != 1.0f || node.attrs.number("beta", 1.0f) != 1.0f)
    return std::nullopt;
  return node.attrs.integer("transB", 0) != 0 ? 0 : 1;
}

Outcome whole_numbers(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto x = dequantized(graph, node.input(0));
  const auto w = dequantized(graph, node.input(1));
  const auto axis = channel_axis(graph, node);
  const auto sink = sink_of(graph, node.output(0));
  if (!x || !w || !axis || !sink || x->scale.size() != 1 || !is_byte(dtype(graph, x->value)))
    return std::nullopt;
  const Tensor* weights = graph.constant(w->value);
  if (!weights || !is_byte(weights->dtype()) || weights->shape().rank() <= *axis)
    return std::nullopt;
  const auto whole = whole_weights(*weights, *w, *axis);
  if (!whole) return std::nullopt;
  std::vector<double> scale = w->scale;
  for (double& s : scale) s *= x->scale[0];

  const Node& quantize = graph.node(sink->quantize);
  const Tensor* y_scale = graph.constant(quantize.input(1));
  const Tensor* y_zero = quantize.input(2) == kNone ? nullptr : graph.constant(quantize.input(2));
  if (!y_scale || y_scale->dtype() != DType::float32 || y_scale->elements() != 1 ||
      (quantize.input(2) != kNone && (!y_zero || y_zero->elements() != 1)) ||
      quantize.attrs.integer("block_size", 0) != 0)
    return std::nullopt;

  Patch patch(graph);
  const ValueId one = add_number(patch, concat(node.name, "_one"), DType::float32, 1.0);
  std::vector<ValueId> inputs = {x->value, one};
  if (x->zero_id != kNone) inputs.push_back(x->zero_id);
  Node product = node;
  product.inputs[0] =
      patch.add_node(concat(node.name, "_x"), "", "DequantizeLinear", std::move(inputs))[0];
  product.inputs[1] = patch.add_constant(graph.value(w->value).name, *whole);
  if (node.input(2) != kNone) {
    auto bias = whole_bias(graph, node.input(2), scale);
    if (!bias) return std::nullopt;
    product.inputs[2] = patch.add_constant(graph.value(node.input(2)).name, *std::move(bias));
  }
  ValueId result = patch.add_node(std::move(product), 1)[0];
  if (sink->relu) result = add_copy(patch, graph.node(*sink->relu), {result});

  const double y = elements_of(*y_scale)[0];
  for (double& s : scale) s = y / s;
  const bool single = scale.size() == 1;
  const Shape channels = single ? Shape{} : Shape{static_cast<int64_t>(scale.size())};
  OARLOCK_ASSIGN(Tensor factor, from_numbers(DType::float32, channels, scale));
  std::vector<ValueId> quantized = {
      result, patch.add_constant(concat(quantize.name, "_scale"), std::move(factor))};
  if (y_zero) {
    OARLOCK_ASSIGN(Tensor zero, filled(y_zero->dtype(), channels, elements_of(*y_zero)[0]));
    quantized.push_back(patch.add_constant(concat(quantize.name, "_zero"), std::move(zero)));
  }
  Node last = quantize;
  last.inputs = std::move(quantized);
  last.attrs.set("axis", int64_t{1});
  patch.replace(quantize.output(0), patch.add_node(std::move(last), 1)[0]);
  return patch;
}

// Names and types of stored constants, nothing that computes.
Outcome forward_constant(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Tensor* constant = graph.constant(node.input(0));
  if (!constant) return std::nullopt;
  Patch patch(graph);
  if (is(node, "Identity")) {
    patch.replace(node.output(0), node.input(0));
    return patch;
  }
  const Value input = *constant;
  Result<std::vector<Value>> values = evaluate_node(node, {&input, 1});
  if (!values.ok() || !values->front().is_tensor()) return std::nullopt;
  patch.replace(node.output(0),
                patch.add_constant(graph.value(node.output(0)).name, values->front().tensor()));
  return patch;
}

}  // namespace

std::span<const Rule> exact_quantization_rules() {
  static const Rule rules[] = {
      {"fold_constants", "Identity", forward_constant},
      {"fold_constants", "Cast", forward_constant},
      {"exact_quantization", "Conv", whole_numbers},
      {"exact_quantization", "Gemm", whole_numbers},
      {"exact_quantization", "MatMul", whole_numbers},
  };
  return rules;
}

}  // namespace oarlock::passes
