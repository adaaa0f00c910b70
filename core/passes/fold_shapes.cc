// Shape and Size of values with known extents become constants, also where only the extents that
// are picked out are known.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// The extents that a Shape node gives, Shape::kUnknown where not known.
std::optional<std::vector<int64_t>> extents(const Graph& graph, const Node& node) {
  const Shape* shape = known_shape(graph, node.input(0));
  if (!shape) return std::nullopt;
  const int64_t count = static_cast<int64_t>(shape->rank());
  auto clamp = [&](int64_t at) { return std::clamp(at < 0 ? at + count : at, int64_t{0}, count); };
  const int64_t begin = clamp(node.attrs.integer("start", 0));
  const int64_t end = clamp(node.attrs.integer("end", count));
  if (begin >= end) return std::vector<int64_t>();
  return std::vector<int64_t>(shape->begin() + begin, shape->begin() + end);
}

bool all_known(const std::vector<int64_t>& dims) {
  return std::find(dims.begin(), dims.end(), Shape::kUnknown) == dims.end();
}

Outcome fold_shape(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto dims = extents(graph, node);
  if (!dims || !all_known(*dims)) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), add_integers(patch, graph.value(node.output(0)).name, *dims));
  return patch;
}

Outcome fold_size(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Shape* shape = concrete_shape(graph, node.input(0));
  const auto count = shape ? shape->elements() : std::nullopt;
  if (!count) return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_constant(graph.value(node.output(0)).name,
                                                   Tensor::scalar<int64_t>(*count)));
  return patch;
}

// The Shape node behind `value`, looking through casts between integer types.
const Node* shape_behind(const Graph& graph, ValueId value) {
  while (const Node* cast = made_by(graph, value, "Cast")) {
    const DType to = dtype(graph, value);
    if (to != DType::int64 && to != DType::int32) return nullptr;
    value = cast->input(0);
  }
  return made_by(graph, value, "Shape");
}

Outcome put(const Graph& graph, const Node& node, const std::vector<int64_t>& dims,
            const Shape& shape) {
  const DType type = dtype(graph, node.input(0));
  Patch patch(graph);
  const std::string& name = graph.value(node.output(0)).name;
  if (type == DType::int64) {
    patch.replace(node.output(0), patch.add_constant(name, Tensor::of<int64_t>(shape, dims)));
    return patch;
  }
  if (type != DType::int32) return std::nullopt;
  std::vector<int32_t> narrow;
  for (const int64_t dim : dims) {
    if (dim > INT32_MAX) return std::nullopt;
    narrow.push_back(static_cast<int32_t>(dim));
  }
  patch.replace(node.output(0), patch.add_constant(name, Tensor::of<int32_t>(shape, narrow)));
  return patch;
}

Outcome fold_gather(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* source = shape_behind(graph, node.input(0));
  const auto picks = integers(graph, node.input(1));
  if (!source || !picks) return std::nullopt;
  const auto dims = extents(graph, *source);
  if (!dims) return std::nullopt;
  std::vector<int64_t> picked;
  for (const int64_t pick : *picks) {
    const auto at = normalize_axis(pick, dims->size());
    if (!at || (*dims)[*at] == Shape::kUnknown) return std::nullopt;
    picked.push_back((*dims)[*at]);
  }
  return put(graph, node, picked, graph.constant(node.input(1))->shape());
}

Outcome fold_slice(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* source = shape_behind(graph, node.input(0));
  if (!source) return std::nullopt;
  const auto dims = extents(graph, *source);
  const auto starts = integers(graph, node.input(1));
  const auto ends = integers(graph, node.input(2));
  if (!dims || !starts || !ends || starts->size() != 1 || ends->size() != 1) return std::nullopt;
  if (node.input(4) != kNone) {
    const auto steps = integers(graph, node.input(4));
    if (!steps || *steps != std::vector<int64_t>{1}) return std::nullopt;
  }
  const int64_t count = static_cast<int64_t>(dims->size());
  auto clamp = [&](int64_t at) { return std::clamp(at < 0 ? at + count : at, int64_t{0}, count); };
  const int64_t begin = clamp(starts->front()), end = clamp(ends->front());
  if (begin >= end) return std::nullopt;
  const std::vector<int64_t> picked(dims->begin() + begin, dims->begin() + end);
  if (!all_known(picked)) return std::nullopt;
  return put(graph, node, picked, Shape{static_cast<int64_t>(picked.size())});
}

}  // namespace

std::span<const Rule> fold_shapes_rules() {
  static const Rule rules[] = {
      {"fold_shape", "Shape", fold_shape},
      {"fold_size", "Size", fold_size},
      {"fold_gathered_shape", "Gather", fold_gather},
      {"fold_sliced_shape", "Slice", fold_slice},
  };
  return rules;
}

}  // namespace oarlock::passes
