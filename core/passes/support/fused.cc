#include "core/passes/support/fused.h"

#include <algorithm>
#include <limits>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {

std::optional<Fused> fused_from(const Node& node) {
  if (node.domain != kOarlockDomain || (node.op != "Conv" && node.op != "MatMul"))
    return std::nullopt;
  const auto activation = activation_from(node.attrs);
  if (!activation) return std::nullopt;
  Fused fused;
  fused.op = node.op == "Conv" ? "Conv" : "MatMul";
  fused.name = node.name;
  fused.attrs = node.attrs;
  fused.inputs = node.inputs;
  fused.inputs.resize(4, kNone);
  fused.activation = *activation;
  return fused;
}

std::optional<Fused> fused_before(const Graph& graph, ValueId value, NodeId user) {
  if (sole_user(graph, value) != user) return std::nullopt;
  const Node* node = graph.producer(value);
  return node ? fused_from(*node) : std::nullopt;
}

ValueId add_fused(Patch& patch, const Fused& fused) {
  Attrs attrs = fused.attrs;
  set_activation(attrs, fused.activation);
  std::vector<ValueId> inputs = fused.inputs;
  while (inputs.size() > 2 && inputs.back() == kNone) inputs.pop_back();
  return patch.add_node(fused.name, kOarlockDomain, fused.op, std::move(inputs),
                        std::move(attrs))[0];
}

namespace {

// A bound of Clip; empty when it is given but not constant.
std::optional<float> bound(const Graph& graph, ValueId value, float open) {
  if (value == kNone) return open;
  const auto number = uniform(graph, value);
  return number ? std::optional(static_cast<float>(*number)) : std::nullopt;
}

}  // namespace

std::optional<Activation> activation_of(const Graph& graph, const Node& node) {
  using Kind = Activation::Kind;
  if (!node.domain.empty() || node.inputs.empty() || !is_real(graph, node.input(0)))
    return std::nullopt;
  const Attrs& attrs = node.attrs;
  if (node.op == "Relu") return Activation{Kind::relu};
  // Parameters, and what other functions compute, are float32.
  if (dtype(graph, node.input(0)) == DType::float64) return std::nullopt;
  if (node.op == "Sigmoid") return Activation{Kind::sigmoid};
  if (node.op == "Tanh") return Activation{Kind::tanh};
  if (node.op == "HardSwish") return Activation{Kind::hard_swish};
  if (node.op == "Mish") return Activation{Kind::mish};
  if (node.op == "Softplus") return Activation{Kind::softplus};
  if (node.op == "LeakyRelu") return Activation{Kind::leaky_relu, attrs.number("alpha", 0.01f)};
  if (node.op == "Elu") return Activation{Kind::elu, attrs.number("alpha", 1.0f)};
  if (node.op == "Swish") return Activation{Kind::swish, attrs.number("alpha", 1.0f)};
  if (node.op == "HardSigmoid")
    return Activation{Kind::hard_sigmoid, attrs.number("alpha", 0.2f), attrs.number("beta", 0.5f)};
  if (node.op == "Gelu")
    return Activation{Kind::gelu, attrs.string("approximate") == "tanh" ? 1.0f : 0.0f};
  if (node.op == "Clip") {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const auto low = bound(graph, node.input(1), -kInfinity);
    const auto high = bound(graph, node.input(2), kInfinity);
    if (low && high && *low <= *high) return Activation{Kind::clip, *low, *high};
  }
  return std::nullopt;
}

ValueId add_activation(Patch& patch, std::string_view name, ValueId value, DType dtype,
                       const Activation& activation) {
  using Kind = Activation::Kind;
  Attrs attrs;
  std::vector<ValueId> inputs = {value};
  switch (activation.kind) {
    case Kind::clip:
      inputs.push_back(add_number(patch, concat(name, "_min"), dtype, activation.alpha));
      inputs.push_back(add_number(patch, concat(name, "_max"), dtype, activation.beta));
      break;
    case Kind::hard_sigmoid:
      attrs.set("beta", activation.beta);
      [[fallthrough]];
    case Kind::leaky_relu:
    case Kind::elu:
    case Kind::swish:
      attrs.set("alpha", activation.alpha);
      break;
    case Kind::gelu:
      attrs.set("approximate", std::string(activation.alpha != 0 ? "tanh" : "none"));
      break;
    default:
      break;
  }
  return patch.add_node(name, "", to_string(activation.kind), std::move(inputs),
                        std::move(attrs))[0];
}

std::optional<Activation> compose(const Activation& first, const Activation& second) {
  using Kind = Activation::Kind;
  if (!first) return second;
  if (!second) return first;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto range = [&](const Activation& a) -> std::optional<std::pair<float, float>> {
    if (a.kind == Kind::relu) return std::pair(0.0f, kInfinity);
    if (a.kind == Kind::clip) return std::pair(a.alpha, a.beta);
    return std::nullopt;
  };
  const auto a = range(first), b = range(second);
  if (!b) return std::nullopt;
  if (a) {
    const float low = std::max(a->first, b->first), high = std::min(a->second, b->second);
    if (low > high) return std::nullopt;
    if (low == 0 && high == kInfinity) return Activation{Kind::relu};
    return Activation{Kind::clip, low, high};
  }
  // What never leaves [0, 1] does not feel a Relu.
  if ((first.kind == Kind::sigmoid || first.kind == Kind::hard_sigmoid) && b->first <= 0 &&
      b->second >= 1)
    return first;
  return std::nullopt;
}

}  // namespace oarlock::passes
