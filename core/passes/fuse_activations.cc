// Activations and additions behind oarlock.Conv and oarlock.MatMul become part of them.
#include <algorithm>
#include <span>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

Outcome absorb_activation(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto activation = activation_of(graph, node);
  if (!activation) return std::nullopt;
  auto fused = fused_before(graph, node.input(0), root);
  if (!fused) return std::nullopt;
  const auto both = compose(fused->activation, *activation);
  if (!both) return std::nullopt;
  fused->activation = *both;
  Patch patch(graph);
  patch.replace(node.output(0), add_fused(patch, *fused));
  return patch;
}

Outcome absorb_residual(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.inputs.size() != 2) return std::nullopt;
  for (const size_t i : {0u, 1u}) {
    const ValueId value = node.input(i), other = node.input(1 - i);
    if (value == other || !same_shape(graph, value, other)) continue;
    auto fused = fused_before(graph, value, root);
    if (!fused || !fused->is_linear()) continue;
    fused->inputs[kResidual] = other;
    Patch patch(graph);
    patch.replace(node.output(0), add_fused(patch, *fused));
    return patch;
  }
  return std::nullopt;
}

// Two activations in a row as one: Relu and Clip of each other.
Outcome merge_activations(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto second = activation_of(graph, node);
  if (!second) return std::nullopt;
  if (sole_user(graph, node.input(0)) != root) return std::nullopt;
  const Node* inner = graph.producer(node.input(0));
  const auto first = inner ? activation_of(graph, *inner) : std::nullopt;
  if (!first) return std::nullopt;
  const auto both = compose(*first, *second);
  if (!both) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), add_activation(patch, node.name, inner->input(0),
                                               dtype(graph, node.output(0)), *both));
  return patch;
}

}  // namespace

std::span<const Rule> fuse_activations_rules() {
  static const std::vector<Rule> rules = [] {
    std::vector<Rule> list;
    for (const std::string_view op : {"Relu", "Clip"})
      list.push_back({"merge_activations", op, merge_activations});
    for (const std::string_view op : {"Relu", "Clip", "LeakyRelu", "Elu", "Sigmoid", "HardSigmoid",
                                      "Swish", "HardSwish", "Tanh", "Gelu", "Mish", "Softplus"})
      list.push_back({"fuse_activation", op, absorb_activation});
    list.push_back({"fuse_residual", "Add", absorb_residual});
    return list;
  }();
  return rules;
}

}  // namespace oarlock::passes
