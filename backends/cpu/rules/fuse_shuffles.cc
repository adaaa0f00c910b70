// Channel shuffles: concatenation, transposition of groups of channels and splitting in one step.
#include <array>
#include <utility>
#include <vector>

#include "backends/cpu/fused_ops.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::cpu {

namespace {

using Outcome = Result<std::optional<Patch>>;

const Shape& shape_of(const Graph& graph, ValueId value) { return graph.value(value).type.shape; }

const Node* made_by(const Graph& graph, ValueId value, std::string_view op) {
  const Node* node = graph.producer(value);
  return node && node->domain.empty() && node->op == op ? node : nullptr;
}

// The only node that reads `value`.
const Node* only_user(const Graph& graph, ValueId value) {
  const ValueInfo& info = graph.value(value);
  return graph.use_count(value) == 1 && info.users.size() == 1 ? &graph.node(info.users[0])
                                                               : nullptr;
}

// A run of channels of a value of 4 dimensions that a Slice takes.
struct Part {
  ValueId value;
  int64_t first, count;
};

std::optional<int64_t> only_integer(const Graph& graph, ValueId value) {
  const Tensor* tensor = graph.constant(value);
  if (!tensor || tensor->dtype() != DType::int64 || tensor->elements() != 1) return std::nullopt;
  return tensor->as<int64_t>()[0];
}

std::optional<Part> channels_of_slice(const Graph& graph, const Node& node) {
  if (node.op != "Slice" || !node.domain.empty()) return std::nullopt;
  const auto start = only_integer(graph, node.input(1)), axis = only_integer(graph, node.input(3));
  const auto step = node.input(4) == kNone ? 1 : only_integer(graph, node.input(4));
  const Shape &from = shape_of(graph, node.input(0)), &to = shape_of(graph, node.output(0));
  if (!start || axis != 1 || step != 1 || from.rank() != 4 || to.rank() != 4) return std::nullopt;
  const int64_t first = *start < 0 ? *start + from[1] : *start;
  if (first < 0 || first + to[1] > from[1]) return std::nullopt;
  return Part{node.output(0), first, to[1]};
}

// What is read of the shuffled value: slices, or all of it.
std::vector<Part> parts_of(const Graph& graph, ValueId value) {
  const ValueInfo& info = graph.value(value);
  std::vector<Part> parts;
  for (NodeId user : info.users)
    if (const auto part = channels_of_slice(graph, graph.node(user))) parts.push_back(*part);
  if (parts.size() == info.users.size() && parts.size() == graph.use_count(value)) return parts;
  return {{value, 0, info.type.shape[1]}};
}

Outcome fuse_shuffle(const Graph& graph, NodeId root) {
  const Node& transpose = graph.node(root);
  const Node* split = made_by(graph, transpose.input(0), "Reshape");
  const Node* join = only_user(graph, transpose.output(0));
  if (!split || !join || join->op != "Reshape" || !join->domain.empty() ||
      transpose.attrs.integers("perm") != std::vector<int64_t>{0, 2, 1, 3, 4} ||
      graph.use_count(transpose.input(0)) != 1)
    return std::nullopt;
  const ValueId before = split->input(0), after = join->output(0);
  const Shape &x = shape_of(graph, before), &grouped = shape_of(graph, transpose.input(0));
  if (x.rank() != 4 || shape_of(graph, after) != x ||
      grouped != Shape{x[0], grouped[1], x[1] / grouped[1], x[2], x[3]})
    return std::nullopt;

  const Node* concat_node = made_by(graph, before, "Concat");
  const bool joined =
      concat_node && graph.use_count(before) == 1 && concat_node->attrs.integer("axis") == 1;
  const std::vector<ValueId> inputs = joined ? concat_node->inputs : std::vector<ValueId>{before};
  const int64_t groups = grouped[1], length = grouped[2];
  const std::vector<Part> parts = parts_of(graph, after);
  std::vector<int64_t> channels, counts;
  for (const Part& part : parts) {
    counts.push_back(part.count);
    for (int64_t c = part.first; c < part.first + part.count; ++c)
      channels.push_back(c % groups * length + c / groups);
  }
  Patch patch(graph);
  const std::vector<ValueId> outputs = patch.add_node(
      transpose.name, kCpuDomain, "ChannelGather", inputs,
      Attrs{{"channels", std::move(channels)}, {"split", std::move(counts)}}, parts.size());
  for (size_t i = 0; i < parts.size(); ++i) patch.replace(parts[i].value, outputs[i]);
  return patch;
}

}  // namespace

std::span<const Rule> fuse_shuffles_rules();

std::span<const Rule> fuse_shuffles_rules() {
  static constexpr std::array<Rule, 1> rules = {{{"fuse_shuffle", "Transpose", fuse_shuffle}}};
  return rules;
}

}  // namespace oarlock::cpu
