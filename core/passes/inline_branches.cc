// If with a constant condition becomes the chosen branch; Loop that runs its body never or once
// becomes its start values or its body.
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// Adds the nodes of `body` to the patch with `inputs` in place of its inputs; its outputs.
Result<std::vector<ValueId>> inline_body(Patch& patch, const Graph& body,
                                         std::span<const ValueId> inputs) {
  if (body.inputs().size() != inputs.size())
    return internal_error("subgraph '", body.name, "' has ", body.inputs().size(),
                          " inputs, its node gives ", inputs.size());
  std::vector<ValueId> mapped(body.value_count(), kNone);
  for (size_t i = 0; i < inputs.size(); ++i) mapped[body.inputs()[i]] = inputs[i];
  auto map = [&](ValueId id) {
    if (id == kNone) return kNone;
    if (mapped[id] == kNone)
      if (const Tensor* constant = body.constant(id))
        mapped[id] = patch.add_constant(body.value(id).name, *constant);
    return mapped[id];
  };
  OARLOCK_ASSIGN(const std::vector<NodeId> order, body.order());
  for (const NodeId id : order) {
    Node node = body.node(id);
    for (ValueId& input : node.inputs) input = map(input);
    const std::vector<ValueId> outputs = std::move(node.outputs);
    node.outputs.clear();
    const std::vector<ValueId> made = patch.add_node(std::move(node), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i)
      if (outputs[i] != kNone) mapped[outputs[i]] = made[i];
  }
  std::vector<ValueId> results;
  for (const ValueId id : body.outputs()) results.push_back(map(id));
  return results;
}

Outcome choose_branch(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto condition = uniform(graph, node.input(0));
  if (!condition) return std::nullopt;
  const GraphPtr body = node.attrs.graph(*condition != 0 ? "then_branch" : "else_branch");
  if (!body || body->outputs().size() < node.outputs.size()) return std::nullopt;
  Patch patch(graph);
  const std::span<const ValueId> captured(node.inputs.end() - node.captures, node.inputs.end());
  OARLOCK_ASSIGN(const std::vector<ValueId> results, inline_body(patch, *body, captured));
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone) patch.replace(node.outputs[i], results[i]);
  return patch;
}

Outcome unroll_loop(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const GraphPtr body = node.attrs.graph("body");
  if (!body || node.formal_inputs().size() < 2) return std::nullopt;
  const size_t carried = node.formal_inputs().size() - 2;
  const auto trips = uniform(graph, node.input(0));
  const auto condition =
      node.input(1) == kNone ? std::optional(1.0) : uniform(graph, node.input(1));
  const bool never = trips.value_or(1) <= 0 || condition == 0.0;
  const bool once = trips == 1.0 && condition && *condition != 0;
  if (!never && !once) return std::nullopt;
  Patch patch(graph);
  if (never) {
    if (node.outputs.size() > carried) return std::nullopt;  // empty scan outputs
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kNone) patch.replace(node.outputs[i], node.input(2 + i));
    return patch;
  }
  std::vector<ValueId> inputs = {
      patch.add_constant("iteration", Tensor::scalar<int64_t>(0)),
      patch.add_constant("condition", Tensor::scalar<bool>(true)),
  };
  inputs.insert(inputs.end(), node.inputs.begin() + 2, node.inputs.end());
  OARLOCK_ASSIGN(const std::vector<ValueId> results, inline_body(patch, *body, inputs));
  if (results.size() < node.outputs.size() + 1) return std::nullopt;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    ValueId result = results[i + 1];
    if (i >= carried) {
      const int64_t axis[] = {0};
      const ValueId axes = add_integers(patch, "axes", axis);
      result =
          patch.add_node(graph.value(node.outputs[i]).name, "", "Unsqueeze", {result, axes})[0];
    }
    patch.replace(node.outputs[i], result);
  }
  return patch;
}

}  // namespace

std::span<const Rule> inline_branches_rules() {
  static const Rule rules[] = {
      {"choose_branch", "If", choose_branch},
      {"unroll_loop", "Loop", unroll_loop},
  };
  return rules;
}

}  // namespace oarlock::passes
