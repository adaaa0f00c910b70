// The engine that applies rules to a fixpoint.
#include "oarlock/plugin/rewrite.h"

#include <string>
#include <unordered_map>
#include <vector>

#include "oarlock/plugin/op.h"

namespace oarlock {

namespace {

constexpr int kMaxSweeps = 50;

// Rules by the operator of their root, those for every operator included, in the order given.
class RuleIndex {
 public:
  explicit RuleIndex(std::span<const Rule> rules) : rules_(rules) {}

  const std::vector<const Rule*>& rules_for(const Node& node) {
    std::string key = node.domain.empty() ? node.op : concat(node.domain, ".", node.op);
    auto [entry, fresh] = by_op_.try_emplace(std::move(key));
    if (fresh)
      for (const Rule& rule : rules_)
        if (rule.root_op.empty() || rule.root_op == entry->first) entry->second.push_back(&rule);
    return entry->second;
  }

 private:
  std::span<const Rule> rules_;
  std::unordered_map<std::string, std::vector<const Rule*>> by_op_;
};

// Types may have become known since the node was made: its inputs changed.
Status infer_again(Graph& graph, NodeId id) {
  for (ValueId output : graph.node(id).outputs)
    if (output != kNone && !graph.value(output).type.is_concrete()) return infer_node(graph, id);
  return {};
}

}  // namespace

Status rewrite(Graph& graph, std::span<const Rule> rules, const OpRegistry& ops,
               const std::function<void(std::string_view rule, const Node& root)>& on_applied) {
  RuleIndex index(rules);
  for (int sweep = 0; sweep < kMaxSweeps; ++sweep) {
    bool changed = false;
    OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
    for (NodeId id : order) {
      if (!graph.node(id).alive) continue;
      OARLOCK_TRY(infer_again(graph, id));
      for (const Rule* candidate : index.rules_for(graph.node(id))) {
        if (!graph.node(id).alive) break;
        const Rule& rule = *candidate;
        Result<std::optional<Patch>> patch = rule.rewrite(graph, id);
        if (!patch.ok())
          return patch.status().within(
              concat("rewrite ", rule.name, " at ", describe(graph.node(id))));
        if (!*patch || (*patch)->empty()) continue;
        const Node root = on_applied ? graph.node(id) : Node();
        if (auto applied = graph.apply(**std::move(patch), ops); !applied.ok()) {
          if (applied.status().code() == Code::unsupported) continue;
          return applied.status().within(
              concat("rewrite ", rule.name, " at ", describe(graph.node(id))));
        }
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
