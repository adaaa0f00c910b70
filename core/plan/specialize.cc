#include "core/ops/evaluate.h"
#include "core/plan/draft.h"

namespace oarlock {

namespace {

// Folding is for shape arithmetic and the like; large results stay computed unless inputs are
// larger.
constexpr size_t kFoldBytes = size_t{1} << 20;

bool tells_only_the_shape(const Node& node) {
  return node.domain.empty() && (node.op == "Shape" || node.op == "Size");
}

// The node's inputs if its outputs can be computed now.
std::optional<std::vector<Value>> constant_inputs(const Graph& graph, const Node& node) {
  std::vector<Value> values;
  for (ValueId input : node.inputs) {
    if (input == kNone) {
      values.emplace_back();
    } else if (const Tensor* constant = graph.constant(input)) {
      values.emplace_back(*constant);
    } else if (const TypeInfo& type = graph.value(input).type;
               tells_only_the_shape(node) && type.is_concrete() && type.dtype != DType::string) {
      Result<Tensor> shape_only =
          Tensor::view(type.dtype, type.shape, nullptr,
                       storage_bytes(type.dtype, *type.shape.elements()).value_or(0));
      if (!shape_only.ok()) return std::nullopt;
      values.emplace_back(*std::move(shape_only));
    } else {
      return std::nullopt;
    }
  }
  return values;
}

bool worth_folding(const Graph& graph, const Node& node) {
  size_t read = 0, written = 0;
  for (ValueId input : node.inputs)
    if (const Tensor* constant = graph.constant(input)) read += constant->bytes();
  for (ValueId output : node.outputs) {
    if (output == kNone) continue;
    const TypeInfo& type = graph.value(output).type;
    if (!type.is_tensor()) return false;
    if (!type.is_concrete()) continue;  // depends on contents, which are at hand and small
    written += storage_bytes(type.dtype, *type.shape.elements()).value_or(SIZE_MAX / 4);
  }
  return written <= std::max(read, kFoldBytes);
}

Status fold(Graph& graph, NodeId id, const OpRegistry& ops) {
  const Node& node = graph.node(id);
  if (node.def == nullptr || !node.def->pure || node.outputs.empty()) return {};
  for (const Attrs::Entry& entry : node.attrs.entries())
    if (std::holds_alternative<GraphPtr>(entry.second)) return {};
  const std::optional<std::vector<Value>> inputs = constant_inputs(graph, node);
  if (!inputs || !worth_folding(graph, node)) return {};
  Result<std::vector<Value>> outputs = evaluate_node(node, *inputs, ops);
  if (!outputs.ok()) return {};  // the run will tell
  const std::vector<ValueId> ids = node.outputs;
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != kNone && !(*outputs)[i].is_tensor()) return {};
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != kNone) graph.make_constant(ids[i], (*outputs)[i].tensor());
  return {};
}

}  // namespace

Status specialize(Graph& graph, std::span<const TypeInfo> inputs, const OpRegistry& ops) {
  for (ValueId id = 0; id < static_cast<ValueId>(graph.value_count()); ++id)
    if (graph.value(id).producer != kNone) graph.set_type(id, {});
  for (size_t i = 0; i < inputs.size(); ++i) graph.set_type(graph.inputs()[i], inputs[i]);
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  for (NodeId id : order) {
    if (!graph.node(id).alive) continue;
    OARLOCK_TRY(infer_node(graph, id));
    OARLOCK_TRY(fold(graph, id, ops));
  }
  graph.erase_dead();
  return {};
}

}  // namespace oarlock
