#include <algorithm>
#include <memory>
#include <span>

#include "core/passes/exact_quantization.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/passes.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

namespace passes {
std::span<const Rule> all_rules();  // generated from the build's list
}

namespace {

constexpr int kMaxDepth = 64;

Status simplify_at(Graph& graph, const OpRegistry& ops, SimplifyReport* report, int depth);

// A simplified copy of a subgraph of `node`, its captured inputs typed like the captured values.
// A subgraph that cannot run with these types may be one that never does: it stays as it is.
Result<GraphPtr> simplify_body(const Graph& outer, const Node& node, const GraphPtr& body,
                               const OpRegistry& ops, SimplifyReport* report, int depth) {
  auto copy = std::make_shared<Graph>(*body);
  const size_t captures = static_cast<size_t>(node.captures);
  const size_t inputs = copy->inputs().size();
  for (size_t i = 0; i < captures && captures <= inputs; ++i)
    copy->set_type(copy->inputs()[inputs - captures + i],
                   outer.value(node.inputs[node.inputs.size() - captures + i]).type);
  Status status = simplify_at(*copy, ops, report, depth + 1);
  if (status.code() == Code::invalid) return body;
  OARLOCK_TRY(std::move(status));
  return GraphPtr(std::move(copy));
}

Status simplify_bodies(Graph& graph, const OpRegistry& ops, SimplifyReport* report, int depth) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
    if (!graph.node(id).alive) continue;
    std::vector<Attrs::Entry> changed;
    for (const auto& [name, value] : graph.node(id).attrs.entries()) {
      if (const auto* one = std::get_if<GraphPtr>(&value); one && *one) {
        OARLOCK_ASSIGN(GraphPtr body,
                       simplify_body(graph, graph.node(id), *one, ops, report, depth));
        changed.emplace_back(name, std::move(body));
      } else if (const auto* many = std::get_if<std::vector<GraphPtr>>(&value)) {
        std::vector<GraphPtr> bodies;
        for (const GraphPtr& old_body : *many) {
          OARLOCK_ASSIGN(GraphPtr body,
                         simplify_body(graph, graph.node(id), old_body, ops, report, depth));
          bodies.push_back(std::move(body));
        }
        changed.emplace_back(name, std::move(bodies));
      }
    }
    if (changed.empty()) continue;
    Attrs attrs = graph.node(id).attrs;
    for (auto& [name, value] : changed) attrs.set(name, std::move(value));
    graph.set_attrs(id, std::move(attrs));
  }
  return {};
}

bool is_quantized(const Graph& graph) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id)
    if (graph.node(id).alive && graph.node(id).op == "QuantizeLinear") return true;
  return false;
}

Status simplify_at(Graph& graph, const OpRegistry& ops, SimplifyReport* report, int depth) {
  if (depth > kMaxDepth) return invalid("subgraphs are nested more than ", kMaxDepth, " deep");
  graph.erase_dead();
  OARLOCK_TRY(infer_types(graph));
  const auto count = [report](std::string_view rule, const Node&) {
    if (!report) return;
    auto& list = report->applied;
    auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == rule; });
    if (found == list.end()) found = list.emplace(list.end(), std::string(rule), 0);
    ++found->second;
  };
  if (is_quantized(graph))
    OARLOCK_TRY(rewrite(graph, passes::exact_quantization_rules(), ops, count));
  OARLOCK_TRY(rewrite(graph, passes::all_rules(), ops, count));
  return simplify_bodies(graph, ops, report, depth);
}

}  // namespace

Status simplify(Graph& graph, const OpRegistry& ops, SimplifyReport* report) {
  return simplify_at(graph, ops, report, 0);
}

}  // namespace oarlock
