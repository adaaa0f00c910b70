// Operators that are defined by others alone become those, so that rewrites and the kernels of
// every device apply to them.
#include "core/passes/support/match.h"
#include "oarlock/plugin/op.h"

namespace oarlock::passes {
namespace {

Outcome expand(const Graph& graph, NodeId root) {
  const OpDef* def = graph.node(root).def;
  if (!def || def->reference || !def->decompose) return std::nullopt;
  return def->decompose(graph, root);
}

}  // namespace

std::span<const Rule> expand_functions_rules() {
  static const Rule rules[] = {{"expand_functions", "", expand}};
  return rules;
}

}  // namespace oarlock::passes
