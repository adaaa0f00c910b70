// Stand-ins that place operators on 16-bit floats on this device: the rule of rules/widen.cc then
// replaces them by their float32 forms.
#include "backends/cpu/ops/support/half.h"

#include <algorithm>
#include <array>
#include <vector>

namespace oarlock::cpu {

std::span<const KernelDef> all_kernels();
std::span<const KernelDef> half_kernels();

namespace {

constexpr std::string_view kName = "widened_to_f32";
constexpr std::string_view kComputing[] = {
    "Abs",
    "Add",
    "Attention",
    "AveragePool",
    "BatchNormalization",
    "Ceil",
    "Clip",
    "Conv",
    "ConvTranspose",
    "Div",
    "Elu",
    "Erf",
    "Exp",
    "Floor",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "InstanceNormalization",
    "LSTM",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "PRelu",
    "Pow",
    "RMSNormalization",
    "Reciprocal",
    "ReduceL1",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "Relu",
    "Resize",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Sqrt",
    "Sub",
    "Sum",
    "Swish",
    "Tanh",
    "Where",
    "oarlock.Conv",
    "oarlock.MatMul",
};
constexpr std::string_view kMoving[] = {"Concat", "Flatten", "Identity", "Pad",       "Reshape",
                                        "Slice",  "Split",   "Squeeze",  "Transpose", "Unsqueeze"};

bool is_half(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

std::string qualified(const Node& node) {
  return node.domain.empty() ? node.op : node.domain + "." + node.op;
}

// The node with float32 in place of 16-bit floats, contents of constants left undefined.
Result<NodeId> widened_graph(const NodeView& view, const Node& node, Graph& graph) {
  Node copy = node;
  for (size_t i = 0; i < copy.inputs.size(); ++i) {
    if (copy.inputs[i] == kNone) continue;
    TypeInfo type = view.input(i);
    const Tensor* constant = view.constant(i);
    const bool half = is_half(type.dtype);
    if (half) type.dtype = DType::float32;
    if (constant && half) {
      OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(DType::float32, type.shape));
      copy.inputs[i] = graph.add_constant(concat("x", i), std::move(tensor));
    } else if (constant) {
      copy.inputs[i] = graph.add_constant(concat("x", i), *constant);
    } else {
      copy.inputs[i] = graph.add_input(concat("x", i), type);
    }
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < node.outputs.size(); ++i)
    names.push_back(node.outputs[i] == kNone ? "" : concat("y", i));
  copy.outputs.clear();
  OARLOCK_ASSIGN(const NodeId id, graph.add_node(std::move(copy), names));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNone) continue;
    TypeInfo type = view.output(i);
    if (is_half(type.dtype)) type.dtype = DType::float32;
    graph.set_type(graph.node(id).outputs[i], type);
  }
  return id;
}

Result<KernelNeeds> match(const NodeView& view, const Device& device) {
  const Node& node = view.node();
  bool half = false;
  for (size_t i = 0; i < view.input_count(); ++i)
    half = half || (view.has_input(i) && is_half(view.input(i).dtype));
  if (!half) return unsupported("no input of 16-bit floats");
  for (size_t i = 0; i < node.outputs.size(); ++i)
    if (node.outputs[i] == kNone) return unsupported("an omitted output");
  Graph graph;
  OARLOCK_ASSIGN(const NodeId id, widened_graph(view, node, graph));
  const NodeView wide(graph, graph.node(id));
  Status last = unsupported("no float32 kernel");
  for (const KernelDef& def : all_kernels()) {
    if (def.name == kName || def.op != qualified(node)) continue;
    const Result<KernelNeeds> needs = def.match(wide, device);
    if (needs.ok()) return KernelNeeds();
    last = needs.status();
  }
  return last.within("in float32");
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device&) {
  return internal_error("node '", view.node().name, "' should have been replaced by float32");
}

}  // namespace

bool runs_widened(const Graph& graph, const Node& node) {
  const std::string op = qualified(node);
  const auto listed = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), op) != std::end(list);
  };
  if (!listed(kComputing) && !listed(kMoving)) return false;
  for (ValueId id : node.formal_inputs())
    if (id != kNone && is_half(graph.value(id).type.dtype)) return true;
  return false;
}

std::span<const KernelDef> half_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (std::string_view op : kComputing)
      defs.push_back({std::string(op), std::string(kName), match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
