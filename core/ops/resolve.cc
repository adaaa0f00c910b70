// Binding nodes to their operators: arity, attributes, defaults.
#include "oarlock/plugin/op.h"

namespace oarlock {

std::string describe(const Node& node) {
  return concat("node '", node.name, "' (", node.domain.empty() ? "" : node.domain + ".", node.op,
                ")");
}

namespace {

Status check_count(const Node& node, const char* what, size_t count, Arity arity) {
  if (count >= static_cast<size_t>(arity.min) && count <= static_cast<size_t>(arity.max)) return {};
  std::string expected = concat(arity.min);
  if (arity.max == Arity::kMany)
    expected += " or more";
  else if (arity.max != arity.min)
    expected += concat(" to ", arity.max);
  return invalid(describe(node), " has ", count, " ", what, ", expected ", expected);
}

// Only what stands behind the required inputs may be omitted, and nothing of a variadic input.
Status check_omitted(const Node& node, const OpDef& def) {
  const std::span<const ValueId> inputs = node.formal_inputs();
  // Loop's trip count and condition stand before its variadic input.
  const size_t first = def.domain.empty() && def.name == "Loop" ? 2 : 0;
  for (size_t i = first; i < inputs.size(); ++i)
    if (inputs[i] == kNone &&
        (i < static_cast<size_t>(def.inputs.min) || def.inputs.max == Arity::kMany))
      return invalid(describe(node), ": the required input ", i, " is omitted");
  return {};
}

// An empty list of integers, numbers or strings may arrive as another kind of empty list.
bool is_empty_list(const AttrValue& value) {
  return std::visit(
      [](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (requires { v.empty(); } && !std::is_same_v<T, std::string>)
          return v.empty();
        else
          return false;
      },
      value);
}

}  // namespace

Status resolve_node(Graph& graph, NodeId id, const OpRegistry& ops) {
  const Node& node = graph.node(id);
  const OpDef* def = ops.find(node.domain, node.op);
  if (def == nullptr)
    return unsupported(describe(node),
                       ": no such operator in this build; convert the model with a build "
                       "that has it, or register it as a custom operator");
  OARLOCK_TRY(check_count(node, "inputs", node.formal_inputs().size(), def->inputs));
  OARLOCK_TRY(check_omitted(node, *def));
  OARLOCK_TRY(check_count(node, "outputs", node.outputs.size(), def->outputs));
  for (int i = 0; i < def->inputs.min; ++i) {
    if (node.inputs[static_cast<size_t>(i)] == kNone)
      return invalid(describe(node), " lacks input ", i, ", which is required");
  }
  Attrs attrs = node.attrs;
  for (const AttrDef& wanted : def->attrs) {
    const AttrValue* given = attrs.find(wanted.name);
    if (given == nullptr) {
      if (wanted.required)
        return invalid(describe(node), " lacks the attribute '", wanted.name, "'");
      if (wanted.fallback) attrs.set(wanted.name, *wanted.fallback);
    } else if (static_cast<AttrKind>(given->index()) != wanted.kind) {
      if (is_empty_list(*given)) {
        attrs.erase(wanted.name);
        continue;
      }
      return invalid(describe(node), ": attribute '", wanted.name, "' is of kind ",
                     to_string(static_cast<AttrKind>(given->index())), ", expected ",
                     to_string(wanted.kind));
    }
  }
  for (const Attrs::Entry& entry : node.attrs.entries()) {
    bool known = false;
    for (const AttrDef& wanted : def->attrs) known = known || wanted.name == entry.first;
    if (!known) return invalid(describe(node), " has an unknown attribute '", entry.first, "'");
  }
  graph.set_def(id, def);
  graph.set_attrs(id, std::move(attrs));
  return {};
}

namespace {

constexpr int kMaxDepth = 64;

Status resolve_at(Graph& graph, const OpRegistry& ops, int depth, std::string& unknown);

Result<GraphPtr> resolve_copy(const GraphPtr& graph, const OpRegistry& ops, int depth,
                              std::string& unknown) {
  auto copy = std::make_shared<Graph>(*graph);
  OARLOCK_TRY(resolve_at(*copy, ops, depth + 1, unknown));
  return GraphPtr(std::move(copy));
}

Status resolve_at(Graph& graph, const OpRegistry& ops, int depth, std::string& unknown) {
  if (depth > kMaxDepth) return invalid("subgraphs are nested more than ", kMaxDepth, " deep");
  for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
    if (!graph.node(id).alive) continue;
    if (Status status = resolve_node(graph, id, ops); !status.ok()) {
      if (status.code() != Code::unsupported) return status;
      unknown += concat(unknown.empty() ? "" : "\n", status.message());
      continue;
    }
    Attrs attrs = graph.node(id).attrs;
    bool changed = false;
    for (const Attrs::Entry& entry : graph.node(id).attrs.entries()) {
      if (const auto* one = std::get_if<GraphPtr>(&entry.second)) {
        OARLOCK_ASSIGN(GraphPtr copy, resolve_copy(*one, ops, depth, unknown));
        attrs.set(entry.first, std::move(copy));
        changed = true;
      } else if (const auto* many = std::get_if<std::vector<GraphPtr>>(&entry.second)) {
        std::vector<GraphPtr> copies;
        for (const GraphPtr& g : *many) {
          OARLOCK_ASSIGN(GraphPtr copy, resolve_copy(g, ops, depth, unknown));
          copies.push_back(std::move(copy));
        }
        attrs.set(entry.first, std::move(copies));
        changed = true;
      }
    }
    if (changed) graph.set_attrs(id, std::move(attrs));
  }
  return {};
}

}  // namespace

Status resolve(Graph& graph, const OpRegistry& ops) {
  std::string unknown;
  OARLOCK_TRY(resolve_at(graph, ops, 0, unknown));
  if (!unknown.empty()) return Status(Code::unsupported, std::move(unknown));
  return {};
}

}  // namespace oarlock
