// Nodes whose inputs are all constant become constants.
#include <span>
#include <utility>
#include <vector>

#include "core/ops/evaluate.h"
#include "core/passes/stored_weights.h"
#include "core/passes/support/match.h"
#include "oarlock/plugin/op.h"

namespace oarlock::passes {
namespace {

// Results up to this many bytes are always stored, larger ones only when the inputs were about as
// large: Expand, Tile or ConstantOfShape of a big tensor stay nodes.
constexpr size_t kAlwaysBytes = 64 << 10;
constexpr size_t kGrowth = 4;

bool has_graphs(const Attrs& attrs) {
  for (const auto& [name, value] : attrs.entries()) {
    const auto kind = static_cast<AttrKind>(value.index());
    if (kind == AttrKind::graph || kind == AttrKind::graphs) return true;
  }
  return false;
}

bool small_enough(size_t result, size_t inputs) {
  return result <= kAlwaysBytes || result / kGrowth <= inputs;
}

// Reference implementations are slow: what takes them seconds is left to a device.
bool is_expensive(const Graph& graph, const Node& node) {
  constexpr double kMostFlops = 4e9;
  if (!node.def->flops) return false;
  std::vector<TypeInfo> inputs, outputs;
  for (const ValueId id : node.inputs)
    inputs.push_back(id == kNone ? TypeInfo() : graph.value(id).type);
  for (const ValueId id : node.outputs) {
    outputs.push_back(id == kNone ? TypeInfo() : graph.value(id).type);
    if (id != kNone && !outputs.back().is_concrete()) return false;
  }
  return node.def->flops(node.attrs, inputs, outputs) > kMostFlops;
}

Result<std::vector<Value>> computed(const Graph& graph, const Node& node,
                                    std::span<const Value> inputs) {
  if (!stored_weights(graph, node)) return evaluate_node(node, inputs);
  OARLOCK_ASSIGN(Tensor wide, widened(graph, node));
  return std::vector<Value>{std::move(wide)};
}

Outcome fold(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!node.def || !node.def->pure || node.captures > 0 || node.outputs.empty())
    return std::nullopt;
  size_t input_bytes = 0;
  std::vector<Value> inputs;
  for (const ValueId id : node.inputs) {
    if (id == kNone) {
      inputs.emplace_back();
      continue;
    }
    const Tensor* constant = graph.constant(id);
    if (!constant) return std::nullopt;
    input_bytes += constant->bytes();
    inputs.emplace_back(*constant);
  }
  if (has_graphs(node.attrs)) return std::nullopt;
  if (inputs.empty() && !is(node, "Constant")) return std::nullopt;
  for (const ValueId id : node.outputs) {
    if (id == kNone || is(node, "Constant")) continue;
    const TypeInfo& type = graph.value(id).type;
    if (type.element != nullptr) return std::nullopt;
    const auto elements = type.is_concrete() ? type.shape.elements() : std::nullopt;
    const auto bytes = elements ? storage_bytes(type.dtype, *elements) : std::nullopt;
    // An unknown extent of a function of constants depends on their contents: NonZero and the like
    // do not grow, the generators do.
    if (!bytes && is_any(node, {"Expand", "Tile", "ConstantOfShape", "Range", "Resize", "OneHot",
                                "Pad", "HannWindow", "HammingWindow", "BlackmanWindow",
                                "MelWeightMatrix", "CenterCropPad"}))
      return std::nullopt;
    if (bytes && !small_enough(*bytes, input_bytes)) return std::nullopt;
  }
  if (is_expensive(graph, node) || stays_stored(graph, node)) return std::nullopt;
  Result<std::vector<Value>> values = computed(graph, node, inputs);
  if (!values.ok()) return std::nullopt;  // running the model will say what is wrong
  Patch patch(graph);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    const Value& value = (*values)[i];
    if (!value.is_tensor() || !value.tensor().defined()) return std::nullopt;
    if (!is(node, "Constant") && !small_enough(value.tensor().bytes(), input_bytes))
      return std::nullopt;
    const ValueInfo& info = graph.value(node.outputs[i]);
    patch.replace(node.outputs[i], patch.add_constant(info.name, value.tensor()));
  }
  return patch;
}

}  // namespace

std::span<const Rule> fold_constants_rules() {
  static const Rule rules[] = {{"fold_constants", "", fold}};
  return rules;
}

}  // namespace oarlock::passes
