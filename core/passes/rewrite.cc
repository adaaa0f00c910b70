// The engine that applies rules to a fixpoint.
#include "oarlock/plugin/rewrite.h"

#include "oarlock/plugin/op.h"

namespace oarlock {

namespace {

constexpr int kMaxSweeps = 50;

bool matches(const Rule& rule, const Node& node) {
  const std::string_view wanted = rule.root_op;
  if (wanted.empty()) return true;
  const std::string& domain = node.domain;
  if (domain.empty()) return wanted == node.op;
  return wanted.size() == domain.size() + 1 + node.op.size() && wanted.starts_with(domain) &&
         wanted[domain.size()] == '.' && wanted.ends_with(node.op);
}

}  // namespace

Status rewrite(Graph& graph, std::span<const Rule> rules, const OpRegistry& ops,
               const std::function<void(std::string_view rule, const Node& root)>& on_applied) {
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool changed = false;
    OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
    for (NodeId id : order) {
      for (const Rule& rule : rules) {
        if (!graph.node(id).alive) break;
        if (!matches(rule, graph.node(id))) continue;
        Result<std::optional<Patch>> patch = rule.rewrite(graph, id);
        if (!patch.ok())
          return patch.status().within(
              concat("rewrite ", rule.name, " at ", describe(graph.node(id))));
        if (!*patch || (*patch)->empty()) continue;
        const Node root = on_applied ? graph.node(id) : Node();
        if (auto applied = graph.apply(**std::move(patch), ops); !applied.ok())
          return applied.status().within(
              concat("rewrite ", rule.name, " at ", describe(graph.node(id))));
#ifndef NDEBUG
        if (Status status = verify(graph); !status.ok())
          return status.within(concat("after rewrite ", rule.name));
#endif
        if (on_applied) on_applied(rule.name, root);
        changed = true;
      }
    }
    if (!changed) break;
  }
  return {};
}

}  // namespace oarlock
