// Constants that a subgraph captures move into it, where they can fold.
#include <span>
#include <vector>

#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// `body` with constants in place of its inputs from `formal` on, where given.
Result<GraphPtr> with_constants(const Graph& body, size_t formal,
                                std::span<const Tensor* const> constants) {
  auto copy = std::make_shared<Graph>();
  copy->name = body.name;
  std::vector<ValueId> mapped(body.value_count(), kNone);
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const ValueId id = body.inputs()[i];
    const ValueInfo& info = body.value(id);
    const Tensor* constant = i >= formal ? constants[i - formal] : nullptr;
    mapped[id] =
        constant ? copy->add_constant(info.name, *constant) : copy->add_input(info.name, info.type);
  }
  for (ValueId id = 0; id < static_cast<ValueId>(body.value_count()); ++id)
    if (mapped[id] == kNone && body.constant(id))
      mapped[id] = copy->add_constant(body.value(id).name, *body.constant(id));
  OARLOCK_ASSIGN(const std::vector<NodeId> order, body.order());
  for (const NodeId id : order) {
    Node node = body.node(id);
    for (ValueId& input : node.inputs)
      if (input != kNone) input = mapped[input];
    const std::vector<ValueId> outputs = std::move(node.outputs);
    node.outputs.clear();
    std::vector<std::string> names;
    for (const ValueId output : outputs)
      names.push_back(output == kNone ? "" : body.value(output).name);
    OARLOCK_ASSIGN(const NodeId made, copy->add_node(std::move(node), std::move(names)));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i] == kNone) continue;
      mapped[outputs[i]] = copy->node(made).outputs[i];
      copy->set_type(mapped[outputs[i]], body.value(outputs[i]).type);
    }
  }
  for (size_t i = 0; i < body.outputs().size(); ++i)
    copy->add_output(mapped[body.outputs()[i]], body.output_name(i));
  return GraphPtr(std::move(copy));
}

Outcome embed(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.captures == 0) return std::nullopt;
  std::vector<const Tensor*> constants;
  const size_t formal = node.formal_inputs().size();
  Node copy = node;
  copy.inputs.resize(formal);
  bool any = false;
  for (size_t i = formal; i < node.inputs.size(); ++i) {
    constants.push_back(graph.constant(node.inputs[i]));
    any = any || constants.back();
    if (!constants.back()) copy.inputs.push_back(node.inputs[i]);
  }
  if (!any) return std::nullopt;
  copy.captures = static_cast<int>(copy.inputs.size() - formal);
  const auto convert = [&](const GraphPtr& body) -> Result<GraphPtr> {
    if (!body || body->inputs().size() < constants.size())
      return internal_error("a subgraph has fewer inputs than captures");
    return with_constants(*body, body->inputs().size() - constants.size(), constants);
  };
  for (const auto& [name, value] : node.attrs.entries()) {
    if (const auto* one = std::get_if<GraphPtr>(&value)) {
      OARLOCK_ASSIGN(GraphPtr body, convert(*one));
      copy.attrs.set(name, std::move(body));
    } else if (const auto* many = std::get_if<std::vector<GraphPtr>>(&value)) {
      std::vector<GraphPtr> bodies;
      for (const GraphPtr& body : *many) {
        OARLOCK_ASSIGN(GraphPtr converted, convert(body));
        bodies.push_back(std::move(converted));
      }
      copy.attrs.set(name, std::move(bodies));
    }
  }
  Patch patch(graph);
  const std::vector<ValueId> made = patch.add_node(std::move(copy), node.outputs.size());
  for (size_t i = 0; i < made.size(); ++i)
    if (node.outputs[i] != kNone) patch.replace(node.outputs[i], made[i]);
  return patch;
}

}  // namespace

std::span<const Rule> embed_captures_rules() {
  static const Rule rules[] = {{"embed_captured_constants", "", embed}};
  return rules;
}

}  // namespace oarlock::passes
