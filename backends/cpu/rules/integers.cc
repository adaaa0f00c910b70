// A convolution of whole numbers (see core/passes/exact_quantization.cc) between DequantizeLinear
// and QuantizeLinear becomes QLinearConv: 8-bit tensors in memory and integer arithmetic.
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::cpu {

namespace {

using Outcome = Result<std::optional<Patch>>;

bool is_byte(DType dtype) { return dtype == DType::uint8 || dtype == DType::int8; }

const Tensor* floats(const Graph& graph, ValueId id) {
  const Tensor* tensor = graph.constant(id);
  return tensor && tensor->dtype() == DType::float32 && tensor->elements() > 0 ? tensor : nullptr;
}

// The one zero point of a node's input 2, 0 where it is absent; empty when they differ.
std::optional<int32_t> zero_point(const Graph& graph, const Node& node) {
  if (node.input(2) == kNone) return 0;
  const Tensor* tensor = graph.constant(node.input(2));
  if (!tensor || !is_byte(tensor->dtype()) || tensor->elements() < 1) return std::nullopt;
  const auto at = [&](int64_t i) {
    return tensor->dtype() == DType::int8 ? int32_t{tensor->as<int8_t>()[static_cast<size_t>(i)]}
                                          : int32_t{tensor->as<uint8_t>()[static_cast<size_t>(i)]};
  };
  for (int64_t i = 1; i < tensor->elements(); ++i)
    if (at(i) != at(0)) return std::nullopt;
  return at(0);
}

Tensor byte(DType dtype, int32_t value) {
  if (dtype == DType::int8) return Tensor::scalar(static_cast<int8_t>(value));
  return Tensor::scalar(static_cast<uint8_t>(value));
}

// The node that reads bytes of scale 1 for `value`.
const Node* whole_input(const Graph& graph, ValueId value) {
  const Node* node = graph.producer(value);
  if (!node || node->op != "DequantizeLinear" || !node->domain.empty()) return nullptr;
  const Tensor* scale = floats(graph, node->input(1));
  if (!is_byte(graph.value(node->input(0)).type.dtype) || !scale || scale->elements() != 1 ||
      scale->as<float>()[0] != 1.0f || !zero_point(graph, *node))
    return nullptr;
  return node;
}

struct Bytes {
  Tensor values, zero;
};

// Whole numbers as int8, or as uint8 with a zero point.
Result<std::optional<Bytes>> as_bytes(const Tensor& weights) {
  float least = 0, most = 0;
  for (float v : weights.as<float>()) {
    if (v != std::nearbyint(v)) return std::optional<Bytes>();
    least = std::min(least, v);
    most = std::max(most, v);
  }
  if (!(most - least <= 255)) return std::optional<Bytes>();
  const bool is_signed = least >= -128 && most <= 127;
  Bytes bytes;
  bytes.zero = is_signed ? byte(DType::int8, 0) : byte(DType::uint8, static_cast<int32_t>(-least));
  OARLOCK_ASSIGN(bytes.values, Tensor::allocate(bytes.zero.dtype(), weights.shape()));
  for (size_t i = 0; i < weights.as<float>().size(); ++i) {
    const float v = weights.as<float>()[i];
    if (is_signed)
      bytes.values.mutable_as<int8_t>()[i] = static_cast<int8_t>(v);
    else
      bytes.values.mutable_as<uint8_t>()[i] = static_cast<uint8_t>(v - least);
  }
  return std::optional<Bytes>(std::move(bytes));
}

std::optional<Tensor> whole_bias(const Tensor& bias) {
  std::vector<int32_t> values;
  for (float v : bias.as<float>()) {
    if (v != std::nearbyint(v) || !(std::abs(v) < 1e9f)) return std::nullopt;
    values.push_back(static_cast<int32_t>(v));
  }
  return Tensor::of<int32_t>(bias.shape(), values);
}

// A convolution that quantizing its result may follow: without a residual, and with an activation
// that saturation at the least value does as well.
bool fits(const Graph& graph, const Node& conv, bool zero_is_least) {
  if (conv.op != "Conv" || (!conv.domain.empty() && conv.domain != kOarlockDomain)) return false;
  if (conv.input(3) != kNone || graph.use_count(conv.output(0)) != 1 ||
      graph.is_output(conv.output(0)))
    return false;
  if (conv.domain.empty()) return true;
  const auto activation = activation_from(conv.attrs);
  return activation && (activation->kind == Activation::Kind::none ||
                        (activation->kind == Activation::Kind::relu && zero_is_least));
}

// 1 / scale for every output channel.
std::optional<Tensor> reciprocals(const Tensor& scale, int64_t channels) {
  if (scale.elements() != 1 && scale.elements() != channels) return std::nullopt;
  std::vector<float> values;
  for (float s : scale.as<float>()) {
    if (!(s > 0) || !std::isfinite(s)) return std::nullopt;
    values.push_back(1.0f / s);
  }
  if (values.size() == 1) return Tensor::scalar(values[0]);
  return Tensor::of<float>(Shape{channels}, values);
}

Outcome quantized_convolution(const Graph& graph, NodeId root) {
  const Node& quantize = graph.node(root);
  const DType result = graph.value(quantize.output(0)).type.dtype;
  const auto y_zero = zero_point(graph, quantize);
  const Tensor* scale = floats(graph, quantize.input(1));
  if (!is_byte(result) || !y_zero || !scale || quantize.attrs.integer("block_size", 0) != 0)
    return std::nullopt;
  const Node* conv = graph.producer(quantize.input(0));
  if (!conv || !fits(graph, *conv, *y_zero == (result == DType::int8 ? -128 : 0)))
    return std::nullopt;
  const Node* x = whole_input(graph, conv->input(0));
  const Tensor* weights = floats(graph, conv->input(1));
  const Tensor* bias = conv->input(2) == kNone ? nullptr : floats(graph, conv->input(2));
  if (!x || !weights || (conv->input(2) != kNone && !bias)) return std::nullopt;
  const size_t rank = weights->shape().rank();
  if (scale->elements() != 1 && normalize_axis(quantize.attrs.integer("axis", 1), rank) != 1u)
    return std::nullopt;
  OARLOCK_ASSIGN(std::optional<Bytes> bytes, as_bytes(*weights));
  std::optional<Tensor> w_scale = reciprocals(*scale, weights->shape()[0]);
  std::optional<Tensor> b = bias ? whole_bias(*bias) : std::nullopt;
  if (!bytes || !w_scale || (bias && !b)) return std::nullopt;

  Patch patch(graph);
  const auto add = [&](const char* what, Tensor tensor) {
    return patch.add_constant(concat(conv->name, what), std::move(tensor));
  };
  const ValueId one = add("_one", Tensor::scalar(1.0f));
  const DType x_type = graph.value(x->input(0)).type.dtype;
  std::vector<ValueId> inputs = {x->input(0),
                                 one,
                                 add("_x_zero", byte(x_type, *zero_point(graph, *x))),
                                 add("_weights", std::move(bytes->values)),
                                 add("_scale", *std::move(w_scale)),
                                 add("_zero", std::move(bytes->zero)),
                                 one,
                                 add("_y_zero", byte(result, *y_zero))};
  if (b) inputs.push_back(add("_bias", *std::move(b)));
  Attrs attrs;
  for (const char* name : {"dilations", "kernel_shape", "pads", "strides"})
    if (const auto& list = conv->attrs.integers(name); !list.empty()) attrs.set(name, list);
  attrs.set("group", conv->attrs.integer("group", 1));
  if (const std::string& automatic = conv->attrs.string("auto_pad"); !automatic.empty())
    attrs.set("auto_pad", automatic);
  patch.replace(quantize.output(0), patch.add_node(conv->name, "", "QLinearConv", std::move(inputs),
                                                   std::move(attrs))[0]);
  return patch;
}

}  // namespace

std::span<const Rule> integers_rules();

std::span<const Rule> integers_rules() {
  static constexpr std::array<Rule, 1> rules = {{
      {"integer_convolution", "QuantizeLinear", quantized_convolution},
  }};
  return rules;
}

}  // namespace oarlock::cpu
