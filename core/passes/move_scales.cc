// Scales of a quantized convolution or product move behind it: with x = sx * (qx - zx) and
// w = sw * (qw - zw), quantizing x * w + b by sy is quantizing (qx - zx) * (qw - zw) + b / (sx *
// sw) by sy / (sx * sw). The sums are then over integers, exact in float32 up to 2^24 in any order.
#include <cmath>
#include <span>
#include <vector>

#include "core/ops/support/elements.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// The constant that `value` is, maybe behind Identity nodes.
const Tensor* constant_behind(const Graph& graph, ValueId value) {
  while (const Node* identity = made_by(graph, value, "Identity")) value = identity->input(0);
  return graph.constant(value);
}

// The one positive float32 that a scale is.
std::optional<double> scale_of(const Graph& graph, const Node& node) {
  const Tensor* scale = constant_behind(graph, node.input(1));
  if (scale == nullptr || scale->dtype() != DType::float32 || scale->elements() != 1)
    return std::nullopt;
  const double value = scale->as<float>()[0];
  return value > 0 && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

bool is_plain(const Attrs& attrs) {
  return attrs.integer("block_size") == 0 && attrs.integer("output_dtype") == 0 &&
         attrs.integer("precision") == 0;
}

// A DequantizeLinear with one scale.
const Node* dequantized(const Graph& graph, ValueId value) {
  const Node* node = made_by(graph, value, "DequantizeLinear");
  return node != nullptr && is_plain(node->attrs) && scale_of(graph, *node) ? node : nullptr;
}

// q - zero point, as float64.
std::optional<std::vector<double>> centered(const Graph& graph, const Node& node) {
  const Tensor* data = constant_behind(graph, node.input(0));
  if (data == nullptr || !is_integer(data->dtype())) return std::nullopt;
  double zero = 0;
  if (node.input(2) != kNone) {
    const Tensor* tensor = constant_behind(graph, node.input(2));
    if (tensor == nullptr || tensor->elements() != 1) return std::nullopt;
    zero = ops::element(*tensor, 0);
  }
  const ops::Elements<double> elements(*data);
  std::vector<double> values(elements.begin(), elements.end());
  for (double& value : values) value -= zero;
  return values;
}

// The bias over `factor`; what is nearly an integer becomes one. Empty when it is not known.
std::optional<std::vector<double>> bias_over(const Graph& graph, ValueId bias, double factor) {
  std::vector<double> values;
  if (const Node* node = dequantized(graph, bias)) {
    auto integers = centered(graph, *node);
    if (!integers) return std::nullopt;
    values = std::move(*integers);
    factor /= *scale_of(graph, *node);
  } else if (const Tensor* tensor = constant_behind(graph, bias)) {
    const ops::Elements<double> elements(*tensor);
    values.assign(elements.begin(), elements.end());
  } else {
    return std::nullopt;
  }
  for (double& value : values) {
    value /= factor;
    const double near = std::nearbyint(value);
    if (std::abs(value - near) <= 1e-6 * std::max(1.0, std::abs(value))) value = near;
  }
  return values;
}

Result<Tensor> float_tensor(const Shape& shape, std::span<const double> values) {
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(DType::float32, shape));
  std::copy(values.begin(), values.end(), tensor.mutable_as<float>().begin());
  return tensor;
}

bool is_product(const Node& node) {
  if (is(node, "Conv") || is(node, "MatMul")) return true;
  return is(node, "Gemm") && node.attrs.number("alpha", 1) == 1 &&
         node.attrs.number("beta", 1) == 1;
}

// Root: the DequantizeLinear of the weights.
Outcome move_scales(const Graph& graph, NodeId root) {
  const Node& weights = graph.node(root);
  if (dequantized(graph, weights.output(0)) != &weights) return std::nullopt;
  const Tensor* stored = constant_behind(graph, weights.input(0));
  if (stored == nullptr || bits(stored->dtype()) > 8) return std::nullopt;
  const auto product_id = sole_user(graph, weights.output(0));
  if (!product_id) return std::nullopt;
  const Node& product = graph.node(*product_id);
  if (!is_product(product) || product.input(1) != weights.output(0)) return std::nullopt;
  const Node* data = dequantized(graph, product.input(0));
  if (data == nullptr) return std::nullopt;

  auto user_id = sole_user(graph, product.output(0));
  const Node* relu = nullptr;
  if (user_id && is(graph.node(*user_id), "Relu")) {
    relu = &graph.node(*user_id);
    user_id = sole_user(graph, relu->output(0));
  }
  if (!user_id) return std::nullopt;
  const Node& quantize = graph.node(*user_id);
  if (!is(quantize, "QuantizeLinear") || !is_plain(quantize.attrs)) return std::nullopt;
  if (quantize.input(0) != (relu ? relu : &product)->output(0)) return std::nullopt;
  const auto out_scale = scale_of(graph, quantize);
  const auto integers = centered(graph, weights);
  if (!out_scale || !integers) return std::nullopt;

  const double factor = *scale_of(graph, *data) * *scale_of(graph, weights);
  const auto new_scale = static_cast<float>(*out_scale / factor);
  if (!(new_scale > 0) || !std::isfinite(new_scale)) return std::nullopt;
  const auto scale_like = [&](const Node& node, float value) {
    return Tensor::of<float>(constant_behind(graph, node.input(1))->shape(), {value});
  };
  Patch patch(graph);
  std::vector<ValueId> inputs;
  std::vector<ValueId> data_inputs(data->inputs);
  data_inputs[1] = patch.add_constant("one", scale_like(*data, 1));
  inputs.push_back(patch.add_node(data->name, "", data->op, data_inputs, data->attrs)[0]);
  OARLOCK_ASSIGN(Tensor new_weights, float_tensor(stored->shape(), *integers));
  inputs.push_back(patch.add_constant(weights.name, std::move(new_weights)));
  if (product.input(2) != kNone) {
    const auto bias = bias_over(graph, product.input(2), factor);
    const Shape* shape = concrete_shape(graph, product.input(2));
    if (!bias || shape == nullptr) return std::nullopt;
    OARLOCK_ASSIGN(Tensor new_bias, float_tensor(*shape, *bias));
    inputs.push_back(patch.add_constant(concat(product.name, "_bias"), std::move(new_bias)));
  }
  ValueId value = patch.add_node(product.name, "", product.op, inputs, product.attrs)[0];
  if (relu != nullptr) value = patch.add_node(relu->name, "", "Relu", {value})[0];
  std::vector<ValueId> quantize_inputs(quantize.inputs);
  quantize_inputs[0] = value;
  quantize_inputs[1] =
      patch.add_constant(concat(quantize.name, "_scale"), scale_like(quantize, new_scale));
  patch.replace(quantize.output(0),
                patch.add_node(quantize.name, "", quantize.op, quantize_inputs, quantize.attrs)[0]);
  return patch;
}

}  // namespace

std::span<const Rule> move_scales_rules() {
  static const Rule rules[] = {{"move_scales_behind_product", "DequantizeLinear", move_scales}};
  return rules;
}

}  // namespace oarlock::passes
