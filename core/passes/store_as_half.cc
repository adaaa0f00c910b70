#include "core/passes/store_as_half.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock {

namespace {

// Sorted. All their float inputs and outputs share one type, which may be float16.
constexpr std::array<std::string_view, 60> kOps = {
    "Abs",
    "Add",
    "Attention",
    "AveragePool",
    "BatchNormalization",
    "Clip",
    "Concat",
    "Conv",
    "ConvTranspose",
    "DepthToSpace",
    "Div",
    "Elu",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "GroupNormalization",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "InstanceNormalization",
    "LayerNormalization",
    "LeakyRelu",
    "LogSoftmax",
    "MatMul",
    "Max",
    "MaxPool",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "PRelu",
    "Pad",
    "RMSNormalization",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Slice",
    "Softmax",
    "Softplus",
    "SpaceToDepth",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Where",
};

bool is_float32(const Graph& graph, ValueId v) {
  const TypeInfo& type = graph.value(v).type;
  return v != kNone && type.is_tensor() && type.dtype == DType::float32;
}

// Scales and regions of Resize are float32 whatever is resized.
bool is_narrowed(const Graph& graph, const Node& node, size_t input) {
  return node.inputs[input] != kNone && is_float32(graph, node.inputs[input]) &&
         (node.op != "Resize" || input == 0);
}

bool fits(const Graph& graph, const Node& node) {
  if (node.captures != 0 || (!node.domain.empty() && node.domain != kOarlockDomain)) return false;
  if (!std::binary_search(kOps.begin(), kOps.end(), node.op)) return false;
  for (const ValueId v : node.inputs)
    if (v != kNone && graph.value(v).type.dtype == DType::undefined) return false;
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const ValueId v = node.outputs[i];
    if (i == 0 ? v == kNone || !is_float32(graph, v) : v != kNone && !is_float32(graph, v))
      return false;
    if (v == kNone) continue;
    const TypeInfo& type = graph.value(v).type;
    if (!type.has_rank || type.shape.rank() < 2) return false;
  }
  return true;
}

Result<Tensor> rounded(const Tensor& tensor) {
  constexpr float kLargest = 65504;
  OARLOCK_ASSIGN(Tensor half, Tensor::allocate(DType::float16, tensor.shape()));
  const auto from = tensor.as<float>();
  const auto to = half.mutable_as<Float16>();
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = std::isfinite(from[i]) ? std::clamp(from[i], -kLargest, kLargest) : from[i];
  return half;
}

class Narrowing {
 public:
  explicit Narrowing(const Graph& graph) : graph_(graph), patch_(graph) {}

  Status add(const Node& node) {
    Node narrow;
    narrow.name = node.name;
    narrow.domain = node.domain;
    narrow.op = node.op;
    narrow.attrs = node.attrs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      narrow.inputs.push_back(node.inputs[i]);
      if (!is_narrowed(graph_, node, i)) continue;
      OARLOCK_ASSIGN(narrow.inputs.back(), narrowed(node.inputs[i]));
    }
    const std::vector<ValueId> outputs = patch_.add_node(std::move(narrow), node.outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (node.outputs[i] == kNone) continue;
      known_[node.outputs[i]] = outputs[i];
      patch_.replace(node.outputs[i], cast(node.name, outputs[i], DType::float32));
    }
    return {};
  }

  Patch take() { return std::move(patch_); }

 private:
  ValueId cast(std::string_view name, ValueId from, DType to) {
    return patch_.add_node(concat(name, "_as_", to), "", "Cast", {from},
                           {{"to", static_cast<int64_t>(to)}})[0];
  }

  // The value as float16: of a node changed before, a rounded constant, or a cast.
  Result<ValueId> narrowed(ValueId v) {
    if (const auto known = known_.find(v); known != known_.end()) return known->second;
    const std::string& name = graph_.value(v).name;
    if (const Tensor* constant = graph_.constant(v)) {
      OARLOCK_ASSIGN(Tensor half, rounded(*constant));
      return known_[v] = patch_.add_constant(name, std::move(half));
    }
    return known_[v] = cast(name, v, DType::float16);
  }

  const Graph& graph_;
  Patch patch_;
  std::map<ValueId, ValueId> known_;
};

}  // namespace

Result<int> store_as_half(Graph& graph, const OpRegistry& ops, const std::set<std::string>& keep) {
  OARLOCK_ASSIGN(const std::vector<NodeId> order, graph.order());
  Narrowing narrowing(graph);
  int changed = 0;
  for (const NodeId id : order) {
    const Node& node = graph.node(id);
    if (!node.alive || !fits(graph, node) || keep.contains(node.name)) continue;
    OARLOCK_TRY(narrowing.add(node));
    ++changed;
  }
  if (changed == 0) return 0;
  if (auto applied = graph.apply(narrowing.take(), ops); !applied.ok())
    return applied.status().within("storing values as float16");
  graph.erase_dead();
  return changed;
}

}  // namespace oarlock
