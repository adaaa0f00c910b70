#include "core/passes/stored_weights.h"
#include "core/plan/draft.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

namespace {

constexpr std::string_view kNarrowMatMul = "NarrowMatMul";

// In place of a product of few rows, one that reads its weights as they are stored.
Status narrow_product(Graph& graph, NodeId id, const OpRegistry& ops) {
  const Node& product = graph.node(id);
  if (product.op != "MatMul" || product.domain != kOarlockDomain) return {};
  const Node* weights = graph.producer(product.input(1));
  if (!weights || !stays_stored(graph, *weights)) return {};
  const std::optional<int64_t> rows = product_rows(graph, product);
  if (!rows || *rows < 1 || *rows > kFewRows) return {};
  const StoredWeights stored = *stored_weights(graph, *weights);
  Attrs attrs;
  for (const auto& [name, value] : product.attrs.entries())
    if (name != "trans_a") attrs.set(name, value);
  std::vector<ValueId> inputs = {product.input(0), stored.values, stored.scale, product.input(2),
                                 product.input(3)};
  while (inputs.back() == kNone) inputs.pop_back();
  Patch patch(graph);
  patch.replace(product.output(0), patch.add_node(product.name, kOarlockDomain, kNarrowMatMul,
                                                  std::move(inputs), std::move(attrs))[0]);
  return graph.apply(std::move(patch), ops).status();
}

}  // namespace

Status settle_weights(Graph& graph, ConstantCache& cache, const DeviceTable& devices) {
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  Node narrow;
  narrow.domain = kOarlockDomain;
  narrow.op = kNarrowMatMul;
  const bool taken = !devices[0].kernels_for(narrow).empty();
  for (const NodeId id : order)
    if (taken && graph.node(id).alive) OARLOCK_TRY(narrow_product(graph, id, devices.ops));
  for (const NodeId id : order) {
    const Node& node = graph.node(id);
    if (!node.alive || !stored_weights(graph, node)) continue;
    OARLOCK_ASSIGN(Tensor wide, cache.widened(graph, node));
    graph.make_constant(node.output(0), std::move(wide));
  }
  return {};
}

}  // namespace oarlock
