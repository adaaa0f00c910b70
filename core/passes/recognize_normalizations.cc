// LayerNormalization (Ba et al., arXiv 1607.06450) and RMSNormalization (Zhang and Sennrich, arXiv
// 1910.07467) from the arithmetic that exporters write.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// ReduceMean with keepdims over the last axes of its input; the first of them.
struct Mean {
  ValueId input;
  size_t axis;
  NodeId node;
};
std::optional<Mean> mean_of(const Graph& graph, ValueId value) {
  const Node* node = made_by(graph, value, "ReduceMean");
  if (!node || node->attrs.integer("keepdims", 1) == 0) return std::nullopt;
  const auto axes = reduced_axes(graph, *node);
  const auto input_rank = rank(graph, node->input(0));
  if (!axes || axes->empty() || !input_rank) return std::nullopt;
  for (size_t i = 0; i < axes->size(); ++i)
    if ((*axes)[i] != *input_rank - axes->size() + i) return std::nullopt;
  return Mean{node->input(0), axes->front(), graph.value(value).producer};
}

// x * x or x^2; x.
std::optional<ValueId> square_of(const Graph& graph, ValueId value) {
  if (const Node* product = made_by(graph, value, "Mul"))
    return product->input(0) == product->input(1) ? std::optional(product->input(0)) : std::nullopt;
  const Node* power = made_by(graph, value, "Pow");
  return power && uniform(graph, power->input(1)) == 2.0 ? std::optional(power->input(0))
                                                         : std::nullopt;
}

// sqrt(mean(x^2) + epsilon).
struct RootMeanSquare {
  ValueId input;  // x
  size_t axis;
  double epsilon;
  std::vector<NodeId> nodes;
};
std::optional<RootMeanSquare> root_mean_square(const Graph& graph, ValueId value) {
  const Node* root = made_by(graph, value, "Sqrt");
  const Node* sum = root ? made_by(graph, root->input(0), "Add") : nullptr;
  if (!sum) return std::nullopt;
  for (const size_t i : {0u, 1u}) {
    const auto epsilon = uniform(graph, sum->input(i));
    const auto mean = mean_of(graph, sum->input(1 - i));
    if (!epsilon || *epsilon < 0 || !mean) continue;
    const auto x = square_of(graph, mean->input);
    if (!x) continue;
    return RootMeanSquare{*x,
                          mean->axis,
                          *epsilon,
                          {graph.value(value).producer, graph.value(root->input(0)).producer,
                           mean->node, graph.value(mean->input).producer}};
  }
  return std::nullopt;
}

// 1 / sqrt(mean(x^2) + epsilon).
std::optional<RootMeanSquare> inverse_root_mean_square(const Graph& graph, ValueId value) {
  const Node* inverse = made_by(graph, value, "Reciprocal");
  ValueId inside = inverse ? inverse->input(0) : kNone;
  if (const Node* quotient = made_by(graph, value, "Div"))
    if (uniform(graph, quotient->input(0)) == 1.0) inside = quotient->input(1);
  if (inside == kNone) return std::nullopt;
  auto found = root_mean_square(graph, inside);
  if (found) found->nodes.push_back(graph.value(value).producer);
  return found;
}

// x - mean(x) over axes from `axis` on; x.
std::optional<ValueId> centered(const Graph& graph, ValueId value, size_t axis,
                                std::vector<NodeId>& nodes) {
  const Node* difference = made_by(graph, value, "Sub");
  if (!difference) return std::nullopt;
  const auto mean = mean_of(graph, difference->input(1));
  if (!mean || mean->axis != axis || mean->input != difference->input(0)) return std::nullopt;
  nodes.push_back(graph.value(value).producer);
  nodes.push_back(mean->node);
  return mean->input;
}

// A scale of ones is not made for more elements than this.
constexpr int64_t kMostParameters = 1 << 24;

std::optional<Shape> normalized_shape(const Graph& graph, ValueId x, size_t axis) {
  const Shape* shape = known_shape(graph, x);
  if (!shape) return std::nullopt;
  Shape rest(std::span<const int64_t>(shape->begin() + axis, shape->end()));
  const auto elements = rest.elements();
  return elements && *elements <= kMostParameters ? std::optional(rest) : std::nullopt;
}

Attrs norm_attrs(size_t axis, size_t rank, double epsilon) {
  return Attrs{{"axis", static_cast<int64_t>(axis) - static_cast<int64_t>(rank)},
               {"epsilon", static_cast<float>(epsilon)}};
}

// (x - mean) / sqrt(var + e) or x / sqrt(mean(x^2) + e), with a scale of ones.
Outcome normalization(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  std::optional<RootMeanSquare> found;
  ValueId numerator = kNone;
  if (is(node, "Div")) {
    found = root_mean_square(graph, node.input(1));
    numerator = node.input(0);
  } else {
    for (const size_t i : {0u, 1u}) {
      found = inverse_root_mean_square(graph, node.input(i));
      numerator = node.input(1 - i);
      if (found) break;
    }
  }
  if (!found || !is_real(graph, numerator)) return std::nullopt;
  // The TensorFlow form reads the difference only under the square.
  std::vector<NodeId> nodes = found->nodes;
  if (found->input != numerator) return std::nullopt;
  const auto x = centered(graph, numerator, found->axis, nodes);
  const ValueId input = x ? *x : numerator;
  if (!closed(graph, nodes, root)) return std::nullopt;
  const auto shape = normalized_shape(graph, input, found->axis);
  if (!shape) return std::nullopt;
  Patch patch(graph);
  const ValueId ones =
      add_number(patch, concat(node.name, "_scale"), dtype(graph, input), 1.0, *shape);
  patch.replace(
      node.output(0),
      patch.add_node(node.name, "", x ? "LayerNormalization" : "RMSNormalization", {input, ones},
                     norm_attrs(found->axis, *rank(graph, input), found->epsilon))[0]);
  return patch;
}

// TensorFlow: m = rsqrt(var + e) * gamma; y = x * m + (beta - mean * m). The variance may come from
// a second difference.
Outcome normalization_by_factor(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  for (const size_t i : {0u, 1u}) {
    const Node* product = made_by(graph, node.input(i), "Mul");
    const Node* shift = made_by(graph, node.input(1 - i), "Sub");
    if (!product || !shift) continue;
    const Node* shifted_mean = made_by(graph, shift->input(1), "Mul");
    if (!shifted_mean) continue;
    for (const size_t p : {0u, 1u}) {
      const ValueId x = product->input(p), factor = product->input(1 - p);
      const size_t q = shifted_mean->input(0) == factor ? 1 : 0;
      if (shifted_mean->input(1 - q) != factor) continue;
      const auto mean = mean_of(graph, shifted_mean->input(q));
      if (!mean || mean->input != x) continue;
      std::vector<NodeId> nodes = {graph.value(node.input(0)).producer,
                                   graph.value(node.input(1)).producer,
                                   graph.value(shift->input(1)).producer, mean->node};
      ValueId gamma = kNone;
      auto deviation = inverse_root_mean_square(graph, factor);
      if (!deviation) {
        const Node* scaled = made_by(graph, factor, "Mul");
        for (size_t s = 0; scaled && !deviation && s < 2; ++s) {
          deviation = inverse_root_mean_square(graph, scaled->input(s));
          gamma = scaled->input(1 - s);
        }
        nodes.push_back(graph.value(factor).producer);
      }
      if (!deviation || deviation->axis != mean->axis) continue;
      nodes.insert(nodes.end(), deviation->nodes.begin(), deviation->nodes.end());
      if (centered(graph, deviation->input, mean->axis, nodes) != x) continue;
      const auto shape = normalized_shape(graph, x, mean->axis);
      const ValueId beta = shift->input(0);
      if (!shape || !is_real(graph, x) || !closed(graph, nodes, root)) continue;
      const auto fits = [&](ValueId id) {
        const Shape* s = concrete_shape(graph, id);
        return s && *s == *shape;
      };
      if ((gamma != kNone && !fits(gamma)) || !fits(beta)) continue;
      Patch patch(graph);
      if (gamma == kNone)
        gamma = add_number(patch, concat(node.name, "_scale"), dtype(graph, x), 1.0, *shape);
      patch.replace(node.output(0),
                    patch.add_node(node.name, "", "LayerNormalization", {x, gamma, beta},
                                   norm_attrs(mean->axis, *rank(graph, x), deviation->epsilon))[0]);
      return patch;
    }
  }
  return std::nullopt;
}

// `value` as a parameter of shape `shape`: itself, or a constant reshaped or filled.
std::optional<ValueId> parameter(const Graph& graph, Patch& patch, ValueId value,
                                 const Shape& shape) {
  const Shape* given = concrete_shape(graph, value);
  if (!given) return std::nullopt;
  if (*given == shape) return value;
  const Tensor* constant = graph.constant(value);
  if (!constant) return std::nullopt;
  if (constant->elements() == 1)
    return add_number(patch, graph.value(value).name, constant->dtype(), numbers(*constant)[0],
                      shape);
  if (given->rank() < shape.rank() || given->elements() != shape.elements()) return std::nullopt;
  const size_t skip = given->rank() - shape.rank();
  for (size_t i = 0; i < shape.rank(); ++i)
    if ((*given)[skip + i] != shape[i]) return std::nullopt;
  Result<Tensor> reshaped = constant->reshaped(shape);
  if (!reshaped.ok()) return std::nullopt;
  return patch.add_constant(graph.value(value).name, *std::move(reshaped));
}

// A normalization with its scale or bias, for the node that multiplies or adds.
Outcome absorb(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const bool product = is(node, "Mul");
  for (const size_t i : {0u, 1u}) {
    const ValueId value = node.input(i), other = node.input(1 - i);
    if (value == other || sole_user(graph, value) != root) continue;
    const Node* norm = graph.producer(value);
    if (!norm || !is_any(*norm, {"LayerNormalization", "RMSNormalization"})) continue;
    const auto input_rank = rank(graph, norm->input(0));
    if (!input_rank || !broadcasts_into(graph, other, value) ||
        dtype(graph, other) != dtype(graph, value))
      continue;
    const auto axis = normalize_axis(norm->attrs.integer("axis", -1), *input_rank);
    const auto shape = axis ? normalized_shape(graph, norm->input(0), *axis) : std::nullopt;
    if (!shape) continue;
    Patch patch(graph);
    const auto parameter_id = parameter(graph, patch, other, *shape);
    if (!parameter_id) continue;
    std::vector<ValueId> inputs = norm->inputs;
    if (product) {
      if (norm->input(2) != kNone || uniform(graph, norm->input(1)) != 1.0) continue;
      inputs[1] = *parameter_id;
    } else {
      if (is(*norm, "RMSNormalization") || norm->input(2) != kNone) continue;
      inputs.resize(3, kNone);
      inputs[2] = *parameter_id;
    }
    patch.replace(node.output(0), add_copy(patch, *norm, std::move(inputs)));
    return patch;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Rule> recognize_normalizations_rules() {
  static const Rule rules[] = {
      {"recognize_normalization", "Div", normalization},
      {"recognize_normalization", "Mul", normalization},
      {"recognize_normalization", "Add", normalization_by_factor},
      {"absorb_normalization_scale", "Mul", absorb},
      {"absorb_normalization_bias", "Add", absorb},
  };
  return rules;
}

}  // namespace oarlock::passes
