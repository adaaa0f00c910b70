// Two nodes of one operator with the same inputs and attributes become one.
#include <cstring>
#include <span>

#include "core/passes/support/match.h"
#include "oarlock/plugin/op.h"

namespace oarlock::passes {
namespace {

// Constants of up to this size are compared by content, larger ones by identity.
constexpr size_t kCompareBytes = 4096;
// Values with more readers than this are not searched: they are constants like 1.0.
constexpr size_t kManyUsers = 64;

bool same_value(const Graph& graph, ValueId a, ValueId b) {
  if (a == b) return true;
  const Tensor* x = graph.constant(a);
  const Tensor* y = graph.constant(b);
  if (!x || !y || x->dtype() != y->dtype() || !(x->shape() == y->shape())) return false;
  if (x->dtype() == DType::string) return false;
  if (x->data() == y->data()) return true;
  return x->bytes() <= kCompareBytes && x->bytes() == y->bytes() &&
         std::memcmp(x->data(), y->data(), x->bytes()) == 0;
}

bool same_node(const Graph& graph, const Node& a, const Node& b) {
  if (a.op != b.op || a.domain != b.domain || a.captures != b.captures ||
      a.inputs.size() != b.inputs.size() || a.outputs.size() != b.outputs.size())
    return false;
  for (size_t i = 0; i < a.outputs.size(); ++i)
    if ((a.outputs[i] == kNone) != (b.outputs[i] == kNone)) return false;
  for (size_t i = 0; i < a.inputs.size(); ++i)
    if (!same_value(graph, a.inputs[i], b.inputs[i])) return false;
  return a.attrs == b.attrs;
}

// The input with the fewest readers that is not constant.
ValueId rarest_input(const Graph& graph, const Node& node) {
  ValueId best = kNone;
  for (const ValueId id : node.inputs) {
    if (id == kNone || graph.constant(id)) continue;
    if (best == kNone || graph.value(id).users.size() < graph.value(best).users.size()) best = id;
  }
  return best;
}

Outcome share(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!node.def || !node.def->pure) return std::nullopt;
  const ValueId input = rarest_input(graph, node);
  if (input == kNone) return std::nullopt;
  const std::vector<NodeId>& users = graph.value(input).users;
  if (users.size() < 2 || users.size() > kManyUsers) return std::nullopt;
  for (const NodeId other_id : users) {
    const Node& other = graph.node(other_id);
    if (other_id >= root || !other.alive || !same_node(graph, node, other)) continue;
    Patch patch(graph);
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kNone) patch.replace(node.outputs[i], other.outputs[i]);
    return patch;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Rule> common_subexpressions_rules() {
  static const Rule rules[] = {{"common_subexpression", "", share}};
  return rules;
}

}  // namespace oarlock::passes
