// Activations that exporters write out in arithmetic: Swish, HardSwish, HardSigmoid, both forms of
// Gelu (Hendrycks and Gimpel, arXiv 1606.08415), Mish, Clip from Min and Max.
#include <array>
#include <cmath>
#include <span>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"
#include "core/passes/support/product.h"

namespace oarlock::passes {
namespace {

// a + number in either order, the number being about `expected`: a.
std::optional<ValueId> plus(const Graph& graph, ValueId value, double expected) {
  const Node* node = made_by(graph, value, "Add");
  if (!node) return std::nullopt;
  for (const size_t i : {0u, 1u})
    if (is_about(graph, node->input(i), expected) &&
        broadcasts_into(graph, node->input(i), node->input(1 - i)))
      return node->input(1 - i);
  return std::nullopt;
}

// Clip(x + 3, 0, 6): x.
std::optional<ValueId> relu6_shifted(const Graph& graph, ValueId value) {
  const Node* clip = made_by(graph, value, "Clip");
  if (!clip || clip->input(1) == kNone || uniform(graph, clip->input(1)) != 0.0 ||
      !is_about(graph, clip->input(2), 6))
    return std::nullopt;
  return plus(graph, clip->input(0), 3);
}

// The x of 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), given the argument of tanh.
bool is_tanh_argument(const Graph& graph, ValueId value, ValueId x) {
  const DType type = dtype(graph, x);
  const double root = std::sqrt(2 / M_PI);
  const Product outer = product_of(graph, value);
  if (!about(outer.coefficient, root, type)) return false;
  const auto is_power = [&](ValueId id, size_t exponent) {
    const Product p = product_of(graph, id);
    if (p.factors.size() != exponent || !about(p.coefficient, 0.044715, type)) return false;
    for (const ValueId factor : p.factors) {
      if (factor == x) continue;
      // x * x shared by others is a factor of its own.
      return false;
    }
    return true;
  };
  if (outer.factors.size() == 1) {
    const Node* sum = made_by(graph, outer.factors[0], "Add");
    if (!sum) return false;
    return (sum->input(0) == x && is_power(sum->input(1), 3)) ||
           (sum->input(1) == x && is_power(sum->input(0), 3));
  }
  if (outer.factors.size() == 2) {
    for (const size_t i : {0u, 1u}) {
      if (outer.factors[i] != x) continue;
      const auto square = plus(graph, outer.factors[1 - i], 1);
      return square && is_power(*square, 2);
    }
  }
  return false;
}

struct Recognized {
  std::string_view op;
  Attrs attrs;
};

// coefficient * x * gate as an activation of x.
std::optional<Recognized> gated(const Graph& graph, double coefficient, ValueId x, ValueId gate) {
  const DType type = dtype(graph, x);
  if (coefficient == 1.0) {
    if (const Node* sigmoid = made_by(graph, gate, "Sigmoid")) {
      const auto alpha = multiple_of(graph, sigmoid->input(0), x);
      if (alpha) return Recognized{"Swish", Attrs{{"alpha", static_cast<float>(*alpha)}}};
    }
    if (const Node* hard = made_by(graph, gate, "HardSigmoid");
        hard && hard->input(0) == x && about(hard->attrs.number("alpha", 0.2f), 1.0 / 6) &&
        about(hard->attrs.number("beta", 0.5f), 0.5))
      return Recognized{"HardSwish", {}};
    if (const Node* tanh = made_by(graph, gate, "Tanh"))
      if (const Node* softplus = made_by(graph, tanh->input(0), "Softplus");
          softplus && softplus->input(0) == x)
        return Recognized{"Mish", {}};
  }
  if (about(coefficient, 1.0 / 6, type) && relu6_shifted(graph, gate) == x)
    return Recognized{"HardSwish", {}};
  if (about(coefficient, 0.5, type)) {
    const auto inner = plus(graph, gate, 1);
    if (!inner) return std::nullopt;
    if (const Node* erf = made_by(graph, *inner, "Erf")) {
      const auto scale = multiple_of(graph, erf->input(0), x);
      if (scale && about(*scale, std::sqrt(0.5), type))
        return Recognized{"Gelu", Attrs{{"approximate", std::string("none")}}};
    }
    if (const Node* tanh = made_by(graph, *inner, "Tanh"))
      if (is_tanh_argument(graph, tanh->input(0), x))
        return Recognized{"Gelu", Attrs{{"approximate", std::string("tanh")}}};
  }
  return std::nullopt;
}

// Nobody outside needs the parts between x and the root.
bool private_to(const Graph& graph, ValueId value, ValueId x, int depth = 0) {
  if (value == x || graph.constant(value)) return true;
  if (depth > 8 || graph.use_count(value) != 1) return false;
  const Node* node = graph.producer(value);
  if (!node) return false;
  for (const ValueId input : node->inputs) {
    if (input == kNone) continue;
    // x * x read twice by one node counts once.
    if (!private_to(graph, input, x, depth + 1)) return false;
  }
  return true;
}

Outcome gates(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_real(graph, node.output(0))) return std::nullopt;
  const Product product = product_of(graph, node.output(0));
  if (product.factors.size() != 2 || product.factors[0] == product.factors[1]) return std::nullopt;
  for (const size_t i : {0u, 1u}) {
    const ValueId x = product.factors[i], gate = product.factors[1 - i];
    const auto found = gated(graph, product.coefficient, x, gate);
    if (!found || !private_to(graph, gate, x)) continue;
    Patch patch(graph);
    patch.replace(node.output(0), patch.add_node(node.name, "", found->op, {x}, found->attrs)[0]);
    return patch;
  }
  return std::nullopt;
}

// Clip(x + 3, 0, 6) / 6.
Outcome hard_sigmoid(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Product product = product_of(graph, node.output(0));
  if (product.factors.size() != 1 || !is_real(graph, node.output(0)) ||
      !about(product.coefficient, 1.0 / 6, dtype(graph, node.output(0))))
    return std::nullopt;
  const auto x = relu6_shifted(graph, product.factors[0]);
  if (!x || !private_to(graph, product.factors[0], *x)) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", "HardSigmoid", {*x},
                                               Attrs{{"alpha", 1.0f / 6}, {"beta", 0.5f}})[0]);
  return patch;
}

// Min and Max with a number.
Outcome clip_from_bound(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.inputs.size() != 2) return std::nullopt;
  const auto parts = split_constant(graph, node);
  if (!parts || !broadcasts_into(graph, parts->constant, parts->value)) return std::nullopt;
  const auto number = uniform(graph, parts->constant);
  if (!number || std::isnan(*number)) return std::nullopt;
  Patch patch(graph);
  const ValueId bound =
      add_number(patch, graph.value(parts->constant).name, dtype(graph, parts->value), *number);
  std::vector<ValueId> inputs = {parts->value};
  if (is(node, "Min")) inputs.push_back(kNone);
  inputs.push_back(bound);
  patch.replace(node.output(0), patch.add_node(node.name, "", "Clip", std::move(inputs))[0]);
  return patch;
}

// Clip without upper bound and with the lower bound zero.
Outcome relu_from_clip(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_real(graph, node.input(0)) || uniform(graph, node.input(1)) != 0.0) return std::nullopt;
  if (node.input(2) != kNone && uniform(graph, node.input(2)) != HUGE_VAL) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", "Relu", {node.input(0)})[0]);
  return patch;
}

// PRelu with one slope for all.
Outcome leaky_relu(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto slope = uniform(graph, node.input(1));
  if (!slope || !is_real(graph, node.input(0)) ||
      !broadcasts_into(graph, node.input(1), node.input(0)))
    return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", "LeakyRelu", {node.input(0)},
                                               Attrs{{"alpha", static_cast<float>(*slope)}})[0]);
  return patch;
}

}  // namespace

std::span<const Rule> recognize_activations_rules() {
  static const Rule rules[] = {
      {"recognize_activation", "Mul", gates},
      {"recognize_activation", "Div", gates},
      {"recognize_hard_sigmoid", "Mul", hard_sigmoid},
      {"recognize_hard_sigmoid", "Div", hard_sigmoid},
      {"recognize_clip", "Min", clip_from_bound},
      {"recognize_clip", "Max", clip_from_bound},
      {"recognize_relu", "Clip", relu_from_clip},
      {"recognize_leaky_relu", "PRelu", leaky_relu},
  };
  return rules;
}

}  // namespace oarlock::passes
