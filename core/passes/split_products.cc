// A product with a constant matrix of which only slices of the columns are read becomes one product
// a slice: nothing is copied apart.
#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// Narrower products do not fill a kernel's block.
constexpr int64_t kMinColumns = 16;

struct Range {
  int64_t begin, end;
};

// The columns that a Slice with step 1 of the last axis takes of `value`.
std::optional<Range> column_slice(const Graph& graph, const Node& node, ValueId value) {
  if (!is(node, "Slice") || node.input(0) != value) return std::nullopt;
  const Shape* shape = known_shape(graph, value);
  const auto starts = integers(graph, node.input(1)), ends = integers(graph, node.input(2));
  if (!shape || !starts || !ends || starts->size() != 1 || ends->size() != 1) return std::nullopt;
  int64_t given = 0;
  if (node.input(3) != kNone) {
    const auto axes = integers(graph, node.input(3));
    if (!axes || axes->size() != 1) return std::nullopt;
    given = axes->front();
  }
  if (normalize_axis(given, shape->rank()) != shape->rank() - 1) return std::nullopt;
  if (node.input(4) != kNone && integers(graph, node.input(4)) != std::vector<int64_t>{1})
    return std::nullopt;
  const int64_t count = shape->back();
  if (count == Shape::kUnknown) return std::nullopt;
  const auto clamp = [&](int64_t at) {
    return std::clamp(at < 0 ? at + count : at, int64_t{0}, count);
  };
  const Range range{clamp(starts->front()), clamp(ends->front())};
  if (range.end - range.begin < kMinColumns) return std::nullopt;
  return range;
}

// Elements [begin, end) of the last axis, or of the first.
Result<Tensor> part_of(const Tensor& tensor, Range range, bool first_axis) {
  Shape shape = tensor.shape();
  const size_t axis = first_axis ? 0 : shape.rank() - 1;
  const int64_t count = shape[axis];
  shape[axis] = range.end - range.begin;
  OARLOCK_ASSIGN(Tensor part, Tensor::allocate(tensor.dtype(), shape));
  const size_t element = bits(tensor.dtype()) / 8;
  const size_t outer =
      first_axis || count == 0 ? 1 : static_cast<size_t>(tensor.elements() / count);
  const size_t inner = first_axis ? static_cast<size_t>(tensor.elements() / count) : 1;
  const size_t width = static_cast<size_t>(range.end - range.begin) * inner * element;
  for (size_t i = 0; i < outer; ++i)
    std::memcpy(
        part.mutable_data() + i * width,
        tensor.data() +
            (i * static_cast<size_t>(count) + static_cast<size_t>(range.begin)) * inner * element,
        width);
  return part;
}

// The product's columns in `range`; kNone when its weights do not allow it.
Result<ValueId> columns_of(const Graph& graph, Patch& patch, Fused product, Range range,
                           const std::string& name) {
  const Tensor* weight = graph.constant(product.inputs[kWeight]);
  const Tensor* bias = graph.constant(product.inputs[kBias]);
  const bool transposed = product.attrs.integer("trans_b", 0) != 0;
  if (!weight || weight->shape().rank() != 2 || !is_real(weight->dtype()) ||
      product.has_residual() || (product.has_bias() && (!bias || bias->shape().rank() != 1)))
    return kNone;
  const int64_t count = weight->shape()[transposed ? 0 : 1];
  if (range.end > count || (bias && bias->elements() != count) || weight->elements() == 0)
    return kNone;
  OARLOCK_ASSIGN(Tensor some, part_of(*weight, range, transposed));
  product.inputs[kWeight] =
      patch.add_constant(graph.value(product.inputs[kWeight]).name, std::move(some));
  if (bias) {
    OARLOCK_ASSIGN(Tensor some_bias, part_of(*bias, range, false));
    product.inputs[kBias] =
        patch.add_constant(graph.value(product.inputs[kBias]).name, std::move(some_bias));
  }
  product.name = name;
  return add_fused(patch, product);
}

Outcome by_slice(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const ValueId value = node.input(0);
  const Node* producer = graph.producer(value);
  const auto product = producer ? fused_from(*producer) : std::nullopt;
  if (!product || product->is_conv() || graph.is_output(value)) return std::nullopt;
  const auto mine = column_slice(graph, node, value);
  if (!mine) return std::nullopt;
  int64_t total = 0;
  for (const NodeId user : graph.value(value).users) {
    const auto range = column_slice(graph, graph.node(user), value);
    if (!range) return std::nullopt;
    total += range->end - range->begin;
  }
  if (total > known_shape(graph, value)->back()) return std::nullopt;
  Patch patch(graph);
  OARLOCK_ASSIGN(const ValueId part, columns_of(graph, patch, *product, *mine, node.name));
  if (part == kNone) return std::nullopt;
  patch.replace(node.output(0), part);
  return patch;
}

Outcome by_split(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto product = fused_before(graph, node.input(0), root);
  const auto value_rank = rank(graph, node.input(0));
  if (!product || product->is_conv() || !value_rank ||
      normalize_axis(node.attrs.integer("axis", 0), *value_rank) != *value_rank - 1)
    return std::nullopt;
  Patch patch(graph);
  int64_t begin = 0;
  for (const ValueId output : node.outputs) {
    const Shape* shape = known_shape(graph, output);
    if (!shape || shape->back() < kMinColumns) return std::nullopt;
    const Range range{begin, begin + shape->back()};
    OARLOCK_ASSIGN(const ValueId part, columns_of(graph, patch, *product, range, node.name));
    if (part == kNone) return std::nullopt;
    patch.replace(output, part);
    begin = range.end;
  }
  return patch;
}

}  // namespace

std::span<const Rule> split_products_rules() {
  static const Rule rules[] = {
      {"split_product", "Slice", by_slice},
      {"split_product", "Split", by_split},
  };
  return rules;
}

}  // namespace oarlock::passes
