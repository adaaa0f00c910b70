#include "core/passes/stored_weights.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

#include "core/passes/support/match.h"
#include "oarlock/plugin/numeric.h"
#include "oarlock/plugin/op.h"

namespace oarlock {

namespace {

// Weights that take less as float32 stay in a cache while a product reads them.
constexpr size_t kLargeBytes = size_t{1} << 20;

bool transposes(const Node& product, const char* gemm, const char* fused) {
  return product.attrs.integer(product.op == "Gemm" ? gemm : fused, 0) != 0;
}

bool is_product(const Node& node) {
  return passes::is(node, "MatMul") || passes::is(node, "Gemm") ||
         passes::is(node, "MatMul", kOarlockDomain);
}

bool reads_stored(const Graph& graph, const Node& product, ValueId value,
                  const StoredWeights& stored) {
  if (!is_product(product) || product.input(1) != value ||
      std::count(product.inputs.begin(), product.inputs.end(), value) != 1 ||
      transposes(product, "transA", "trans_a"))
    return false;
  const size_t column_axis = transposes(product, "transB", "trans_b") ? 0 : 1;
  return stored.scale == kNone || graph.constant(stored.scale)->elements() == 1 ||
         stored.axis == column_axis;
}

// float16_to_float without branches, for compilers to make vectors of.
float from_half(uint16_t bits) {
  constexpr float kRebias = 0x1p112f;
  const uint32_t sign = (uint32_t{bits} & 0x8000) << 16, rest = uint32_t{bits} & 0x7fff;
  const auto finite = std::bit_cast<uint32_t>(std::bit_cast<float>(rest << 13) * kRebias);
  const uint32_t special = rest >= 0x7c00 ? 0x7f800000 | rest << 13 : finite;
  return std::bit_cast<float>(sign | special);
}

void scale_bytes(const Tensor& values, const Tensor& scale, size_t axis, std::span<float> y) {
  const auto x = values.as<int8_t>();
  const auto factors = scale.as<float>();
  size_t inner = y.size();
  if (factors.size() > 1) {
    inner = 1;
    for (size_t i = axis + 1; i < values.shape().rank(); ++i)
      inner *= static_cast<size_t>(values.shape()[i]);
  }
  if (inner == 1 && !factors.empty()) {
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = static_cast<float>(x[i]) * factors[i % factors.size()];
    return;
  }
  for (size_t first = 0, channel = 0; first < y.size(); first += inner, ++channel) {
    const float factor = factors[channel % factors.size()];
    for (size_t i = first; i < first + inner; ++i) y[i] = static_cast<float>(x[i]) * factor;
  }
}

}  // namespace

std::optional<StoredWeights> stored_weights(const Graph& graph, const Node& node) {
  const Tensor* values = graph.constant(node.input(0));
  if (!values || node.outputs.size() != 1 || node.captures > 0 ||
      passes::dtype(graph, node.output(0)) != DType::float32)
    return std::nullopt;
  StoredWeights stored{.values = node.input(0)};
  if (passes::is(node, "Cast"))
    return values->dtype() == DType::float16 || values->dtype() == DType::bfloat16
               ? std::optional(stored)
               : std::nullopt;
  const Tensor* scale = graph.constant(node.input(1));
  if (!passes::is(node, "DequantizeLinear") || values->dtype() != DType::int8 || !scale ||
      scale->dtype() != DType::float32 || scale->shape().rank() > 1 || node.input(2) != kNone ||
      node.attrs.integer("block_size", 0) != 0)
    return std::nullopt;
  stored.scale = node.input(1);
  const auto axis = normalize_axis(node.attrs.integer("axis", 1), values->shape().rank());
  if (axis) stored.axis = *axis;
  return axis || scale->elements() == 1 ? std::optional(stored) : std::nullopt;
}

std::optional<int64_t> product_rows(const Graph& graph, const Node& product) {
  const Shape* a = passes::concrete_shape(graph, product.input(0));
  if (!a || a->empty()) return std::nullopt;
  if (a->rank() == 1) return 1;
  const bool transposed = transposes(product, "transA", "trans_a");
  const int64_t columns = (*a)[a->rank() - (transposed ? 2 : 1)];
  return columns == 0 ? 0 : a->elements().value_or(0) / columns;
}

bool stays_stored(const Graph& graph, const Node& node) {
  const auto stored = stored_weights(graph, node);
  if (!stored) return false;
  const ValueId result = node.output(0);
  const Tensor& values = *graph.constant(stored->values);
  if (graph.is_output(result) || values.shape().rank() != 2 ||
      static_cast<size_t>(values.elements()) * sizeof(float) <= kLargeBytes)
    return false;
  const std::vector<NodeId>& users = graph.value(result).users;
  return !users.empty() && std::all_of(users.begin(), users.end(), [&](NodeId user) {
    return reads_stored(graph, graph.node(user), result, *stored);
  });
}

Result<Tensor> widened(const Graph& graph, const Node& node) {
  const std::optional<StoredWeights> stored = stored_weights(graph, node);
  if (!stored) return internal_error(describe(node), " makes no stored weights wider");
  const Tensor& values = *graph.constant(stored->values);
  OARLOCK_ASSIGN(Tensor wide, Tensor::allocate(DType::float32, values.shape()));
  const auto y = wide.mutable_as<float>();
  if (values.dtype() == DType::float16)
    std::transform(values.as<uint16_t>().begin(), values.as<uint16_t>().end(), y.begin(),
                   from_half);
  else if (values.dtype() == DType::bfloat16)
    std::transform(values.as<uint16_t>().begin(), values.as<uint16_t>().end(), y.begin(),
                   bfloat16_to_float);
  else
    scale_bytes(values, *graph.constant(stored->scale), stored->axis, y);
  return wide;
}

Status widen_weights(Graph& graph) {
  for (NodeId id = 0; id < static_cast<NodeId>(graph.node_count()); ++id) {
    const Node& node = graph.node(id);
    if (!node.alive || !stored_weights(graph, node)) continue;
    OARLOCK_ASSIGN(Tensor wide, widened(graph, node));
    graph.make_constant(node.output(0), std::move(wide));
  }
  return {};
}

}  // namespace oarlock
