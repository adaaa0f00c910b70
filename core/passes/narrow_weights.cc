#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/passes.h"

namespace oarlock {

namespace {

using passes::is;

// Smaller weights are not worth a node.
constexpr int64_t kLeastElements = 1024;

// The axis of its weights, input 1, along which the node's output channels lie.
std::optional<size_t> channel_axis(const Graph& graph, const Node& node) {
  const auto rank = passes::rank(graph, node.input(1));
  if (!rank || *rank < 2) return std::nullopt;
  if (is(node, "Conv") || is(node, "Conv", kOarlockDomain)) return 0;
  if (is(node, "ConvTranspose")) return 1;
  const bool gemm = is(node, "Gemm");
  if (!gemm && !is(node, "MatMul") && !is(node, "MatMul", kOarlockDomain)) return std::nullopt;
  return *rank - (node.attrs.integer(gemm ? "transB" : "trans_b", 0) != 0 ? 2 : 1);
}

// The same for all readers of a constant; empty unless it is large float32 weights and nothing
// else.
std::optional<size_t> weights_axis(const Graph& graph, ValueId v) {
  const Tensor* constant = graph.constant(v);
  const ValueInfo& value = graph.value(v);
  if (!constant || constant->dtype() != DType::float32 || value.is_input || graph.is_output(v) ||
      constant->elements() < kLeastElements || value.users.empty())
    return std::nullopt;
  std::optional<size_t> axis;
  for (const NodeId user : value.users) {
    const Node& node = graph.node(user);
    const auto own = channel_axis(graph, node);
    if (!own || node.input(1) != v || (axis && *axis != *own) ||
        std::count(node.inputs.begin(), node.inputs.end(), v) != 1)
      return std::nullopt;
    axis = own;
  }
  return axis;
}

template <class T>
Result<Tensor> rounded(const Tensor& tensor, float largest) {
  OARLOCK_ASSIGN(Tensor narrow, Tensor::allocate(kDTypeOf<T>, tensor.shape()));
  const auto from = tensor.as<float>();
  const auto to = narrow.mutable_as<T>();
  for (size_t i = 0; i < from.size(); ++i)
    to[i] = std::isfinite(from[i]) ? std::clamp(from[i], -largest, largest) : from[i];
  return narrow;
}

struct Quantized {
  Tensor values, scale;
};

// Symmetric, with a scale for each index along the axis. Empty when a number is not finite.
Result<std::optional<Quantized>> quantized(const Tensor& tensor, size_t axis) {
  constexpr float kSteps = 127;
  const Shape& shape = tensor.shape();
  const auto channels = static_cast<size_t>(shape[axis]);
  size_t inner = 1;
  for (size_t i = axis + 1; i < shape.rank(); ++i) inner *= static_cast<size_t>(shape[i]);
  Quantized q;
  OARLOCK_ASSIGN(q.values, Tensor::allocate(DType::int8, shape));
  OARLOCK_ASSIGN(q.scale, Tensor::allocate(DType::float32, Shape{shape[axis]}));
  const auto from = tensor.as<float>();
  const auto scale = q.scale.mutable_as<float>();
  std::fill(scale.begin(), scale.end(), 0.0f);
  for (size_t i = 0; i < from.size(); ++i) {
    if (!std::isfinite(from[i])) return std::optional<Quantized>();
    float& largest = scale[i / inner % channels];
    largest = std::max(largest, std::abs(from[i]));
  }
  for (float& s : scale) {
    s = s / kSteps > 0 ? s / kSteps : 1.0f;
    if (!std::isfinite(s * kSteps)) s = std::nextafter(s, 0.0f);
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const float steps = std::nearbyint(from[i] / scale[i / inner % channels]);
    q.values.mutable_as<int8_t>()[i] = static_cast<int8_t>(std::clamp(steps, -kSteps, kSteps));
  }
  return std::optional(std::move(q));
}

// The float32 value read in place of the weights; kNone to leave them.
Result<ValueId> add_narrow(Patch& patch, const std::string& name, const Tensor& weights,
                           size_t axis, DType to) {
  if (to == DType::int8) {
    OARLOCK_ASSIGN(std::optional<Quantized> q, quantized(weights, axis));
    if (!q) return kNone;
    const ValueId values = patch.add_constant(concat(name, "_int8"), std::move(q->values));
    const ValueId scale = patch.add_constant(concat(name, "_scale"), std::move(q->scale));
    return patch.add_node(concat(name, "_dequantize"), "", "DequantizeLinear", {values, scale},
                          {{"axis", static_cast<int64_t>(axis)}})[0];
  }
  OARLOCK_ASSIGN(Tensor narrow, to == DType::float16 ? rounded<Float16>(weights, 65504.0f)
                                                     : rounded<BFloat16>(weights, 3.3895314e38f));
  const ValueId values = patch.add_constant(concat(name, "_", to), std::move(narrow));
  return patch.add_node(concat(name, "_widen"), "", "Cast", {values},
                        {{"to", static_cast<int64_t>(DType::float32)}})[0];
}

}  // namespace

Result<int> narrow_weights(Graph& graph, DType to, const OpRegistry& ops) {
  if (to != DType::float16 && to != DType::bfloat16 && to != DType::int8)
    return invalid("weights are stored as float16, bfloat16 or int8, not ", to);
  int changed = 0;
  for (ValueId v = 0, end = static_cast<ValueId>(graph.value_count()); v < end; ++v) {
    const auto axis = weights_axis(graph, v);
    if (!axis) continue;
    Patch patch(graph);
    const std::string name = graph.value(v).name;
    OARLOCK_ASSIGN(const ValueId wide, add_narrow(patch, name, *graph.constant(v), *axis, to));
    if (wide == kNone) continue;
    patch.replace(v, wide);
    OARLOCK_TRY(graph.apply(std::move(patch), ops).status().within("storing weights"));
    ++changed;
  }
  return changed;
}

}  // namespace oarlock
