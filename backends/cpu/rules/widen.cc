// 16-bit floats are stored, float32 is computed with.
#include <array>
#include <vector>

#include "backends/cpu/ops/support/half.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::cpu {

namespace {

using Outcome = Result<std::optional<Patch>>;

// In the names of Casts that only this rule made; those of the model are meant to round.
constexpr std::string_view kNarrow = "/narrow_to_16_bits";

bool is_half(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

ValueId add_cast(Patch& patch, std::string_view name, ValueId value, DType to) {
  return patch.add_node(name, "", "Cast", {value}, Attrs{{"to", static_cast<int64_t>(to)}})[0];
}

Result<Tensor> to_float32(const Tensor& tensor) {
  OARLOCK_ASSIGN(Tensor wide, Tensor::allocate(DType::float32, tensor.shape()));
  const auto y = wide.mutable_as<float>();
  const auto x = tensor.as<uint16_t>();
  for (size_t i = 0; i < x.size(); ++i)
    y[i] = tensor.dtype() == DType::float16 ? float16_to_float(x[i]) : bfloat16_to_float(x[i]);
  return wide;
}

Outcome widen(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.captures > 0 || !runs_widened(graph, node)) return std::nullopt;
  for (ValueId output : node.outputs)
    if (output == kNone) return std::nullopt;
  Patch patch(graph);
  Node wide = node;
  for (ValueId& id : wide.inputs) {
    if (id == kNone || !is_half(graph.value(id).type.dtype)) continue;
    const std::string& name = graph.value(id).name;
    if (const Tensor* constant = graph.constant(id)) {
      OARLOCK_ASSIGN(Tensor tensor, to_float32(*constant));
      id = patch.add_constant(name, std::move(tensor));
    } else {
      id = add_cast(patch, concat(name, "_f32"), id, DType::float32);
    }
  }
  const std::vector<ValueId> outputs = patch.add_node(std::move(wide), node.outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    const DType dtype = graph.value(node.outputs[i]).type.dtype;
    patch.replace(node.outputs[i],
                  is_half(dtype) ? add_cast(patch, concat(node.name, kNarrow), outputs[i], dtype)
                                 : outputs[i]);
  }
  return patch;
}

// float32 to 16 bits and back: the value as it was before.
Outcome cancel_casts(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* before = graph.producer(node.input(0));
  if (!before || before->op != "Cast" || before->name.find(kNarrow) == std::string::npos ||
      !is_half(graph.value(node.input(0)).type.dtype))
    return std::nullopt;
  const ValueId source = before->input(0);
  if (graph.value(source).type.dtype != DType::float32 ||
      graph.value(node.output(0)).type.dtype != DType::float32)
    return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), source);
  return patch;
}

}  // namespace

std::span<const Rule> widen_rules();

std::span<const Rule> widen_rules() {
  static constexpr std::array<Rule, 2> rules = {{
      {"widen_half_floats", "", widen},
      {"cancel_casts", "Cast", cancel_casts},
  }};
  return rules;
}

}  // namespace oarlock::cpu
