#include "core/passes/support/match.h"

#include <algorithm>
#include <cmath>

#include "oarlock/plugin/numeric.h"

namespace oarlock::passes {

bool is_any(const Node& node, std::initializer_list<std::string_view> ops) {
  return node.domain.empty() && std::find(ops.begin(), ops.end(), node.op) != ops.end();
}

const Node* made_by(const Graph& graph, ValueId value, std::string_view op,
                    std::string_view domain) {
  if (value == kNone) return nullptr;
  const Node* node = graph.producer(value);
  return node && is(*node, op, domain) && node->output(0) == value ? node : nullptr;
}

std::optional<NodeId> sole_user(const Graph& graph, ValueId value) {
  if (value == kNone || graph.use_count(value) != 1) return std::nullopt;
  const ValueInfo& info = graph.value(value);
  if (info.users.size() != 1) return std::nullopt;
  return info.users.front();
}

const Shape* known_shape(const Graph& graph, ValueId value) {
  if (value == kNone) return nullptr;
  const TypeInfo& type = graph.value(value).type;
  return type.is_tensor() && type.has_rank ? &type.shape : nullptr;
}

const Shape* concrete_shape(const Graph& graph, ValueId value) {
  const Shape* shape = known_shape(graph, value);
  return shape && shape->is_concrete() ? shape : nullptr;
}

std::optional<size_t> rank(const Graph& graph, ValueId value) {
  const Shape* shape = known_shape(graph, value);
  return shape ? std::optional(shape->rank()) : std::nullopt;
}

DType dtype(const Graph& graph, ValueId value) {
  return value == kNone ? DType::undefined : graph.value(value).type.dtype;
}

bool is_real(DType dtype) {
  return dtype == DType::float32 || dtype == DType::float16 || dtype == DType::bfloat16 ||
         dtype == DType::float64;
}

std::optional<double> uniform(const Graph& graph, ValueId value) {
  const Tensor* tensor = graph.constant(value);
  if (!tensor || tensor->elements() == 0) return std::nullopt;
  std::optional<double> result;
  auto scan = [&](auto tag) {
    using T = typename decltype(tag)::Type;
    std::span<const T> data = tensor->as<T>();
    const double first = static_cast<double>(data[0]);
    for (const T& x : data)
      if (static_cast<double>(x) != first) return;
    result = first;
  };
  if (tensor->dtype() == DType::boolean) {
    scan(TypeTag<bool>{});
  } else {
    visit_numbers(tensor->dtype(), scan);
  }
  return result;
}

bool about(double value, double expected, DType dtype) {
  double tolerance = 1e-5;
  if (dtype == DType::float16) tolerance = 2e-3;
  if (dtype == DType::bfloat16) tolerance = 1e-2;
  return std::abs(value - expected) <= tolerance * std::abs(expected);
}

bool is_about(const Graph& graph, ValueId value, double expected) {
  const std::optional<double> number = uniform(graph, value);
  return number && about(*number, expected, dtype(graph, value));
}

std::optional<std::vector<int64_t>> integers(const Graph& graph, ValueId value) {
  const Tensor* tensor = graph.constant(value);
  if (!tensor) return std::nullopt;
  if (tensor->dtype() == DType::int64) {
    const auto data = tensor->as<int64_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  if (tensor->dtype() == DType::int32) {
    const auto data = tensor->as<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  return std::nullopt;
}

bool broadcasts_into(const Graph& graph, ValueId other, ValueId value) {
  const Shape* small = known_shape(graph, other);
  if (!small) return false;
  if (small->rank() == 0) return true;
  const Shape* large = known_shape(graph, value);
  if (!large || small->rank() > large->rank()) return false;
  const size_t skip = large->rank() - small->rank();
  for (size_t i = 0; i < small->rank(); ++i) {
    const int64_t s = (*small)[i];
    if (s == 1) continue;
    if (s == Shape::kUnknown || s != (*large)[skip + i]) return false;
  }
  return true;
}

bool same_shape(const Graph& graph, ValueId a, ValueId b) {
  const Shape* x = concrete_shape(graph, a);
  const Shape* y = concrete_shape(graph, b);
  return x && y && *x == *y;
}

std::optional<WithConstant> split_constant(const Graph& graph, const Node& node) {
  const ValueId a = node.input(0), b = node.input(1);
  if (a == kNone || b == kNone) return std::nullopt;
  if (graph.constant(b) && !graph.constant(a)) return WithConstant{a, b};
  if (graph.constant(a) && !graph.constant(b)) return WithConstant{b, a};
  return std::nullopt;
}

std::optional<std::vector<size_t>> reduced_axes(const Graph& graph, const Node& node) {
  const std::optional<size_t> input_rank = rank(graph, node.input(0));
  if (!input_rank) return std::nullopt;
  std::vector<int64_t> given = node.attrs.integers("axes");
  if (node.input(1) != kNone) {
    auto constant = integers(graph, node.input(1));
    if (!constant) return std::nullopt;
    given = std::move(*constant);
  }
  std::vector<size_t> axes;
  if (given.empty()) {
    if (node.attrs.integer("noop_with_empty_axes", 0) != 0) return axes;
    for (size_t i = 0; i < *input_rank; ++i) axes.push_back(i);
    return axes;
  }
  for (const int64_t axis : given) {
    const auto normal = normalize_axis(axis, *input_rank);
    if (!normal) return std::nullopt;
    axes.push_back(*normal);
  }
  std::sort(axes.begin(), axes.end());
  return axes;
}

std::optional<std::vector<size_t>> permutation(const Graph& graph, const Node& node) {
  const std::optional<size_t> input_rank = rank(graph, node.input(0));
  if (!input_rank) return std::nullopt;
  const std::vector<int64_t>& given = node.attrs.integers("perm");
  std::vector<size_t> perm;
  if (given.empty()) {
    for (size_t i = *input_rank; i-- > 0;) perm.push_back(i);
    return perm;
  }
  if (given.size() != *input_rank) return std::nullopt;
  for (const int64_t axis : given) {
    const auto normal = normalize_axis(axis, *input_rank);
    if (!normal) return std::nullopt;
    perm.push_back(*normal);
  }
  return perm;
}

bool closed(const Graph& graph, std::span<const NodeId> nodes, NodeId root) {
  auto inside = [&](NodeId id) {
    return id == root || std::find(nodes.begin(), nodes.end(), id) != nodes.end();
  };
  for (const NodeId id : nodes) {
    if (id == root) continue;
    for (const ValueId out : graph.node(id).outputs) {
      if (out == kNone) continue;
      if (graph.is_output(out)) return false;
      const std::vector<NodeId>& users = graph.value(out).users;
      if (!std::all_of(users.begin(), users.end(), inside)) return false;
    }
  }
  return true;
}

}  // namespace oarlock::passes
