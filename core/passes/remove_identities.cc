// Nodes that change nothing disappear.
#include <algorithm>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

Outcome forward(const Graph& graph, const Node& node, ValueId to, size_t output = 0) {
  const ValueId from = node.output(output);
  if (to == kNone || from == kNone) return std::nullopt;
  Patch patch(graph);
  patch.replace(from, to);
  return patch;
}

bool only_first_output(const Graph& graph, const Node& node) {
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone && graph.use_count(node.outputs[i]) > 0) return false;
  return true;
}

Outcome identity(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  return forward(graph, node, node.input(0));
}

Outcome dropout(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.input(2) != kNone && uniform(graph, node.input(2)) != 0.0) return std::nullopt;
  if (!only_first_output(graph, node)) return std::nullopt;
  return forward(graph, node, node.input(0));
}

// Every value of `from` is a value of `to`.
bool lossless(DType from, DType to) {
  if (from == to) return true;
  const auto integer_fits = [&](DType integer, DType real) {
    const size_t mantissa = real == DType::float64   ? 53
                            : real == DType::float32 ? 24
                            : real == DType::float16 ? 11
                                                     : 0;
    return bits(integer) <= mantissa;
  };
  if (from == DType::boolean) return is_integer(to) || is_real(to);
  if (is_integer(from) && is_integer(to)) {
    if (is_signed(from)) return is_signed(to) && bits(to) >= bits(from);
    return is_signed(to) ? bits(to) > bits(from) : bits(to) >= bits(from);
  }
  if (is_integer(from) && is_real(to)) return integer_fits(from, to);
  if (from == DType::float16 || from == DType::bfloat16)
    return to == DType::float32 || to == DType::float64;
  return from == DType::float32 && to == DType::float64;
}

Outcome cast(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const DType from = dtype(graph, node.input(0));
  const DType to = static_cast<DType>(node.attrs.integer("to"));
  if (from == DType::undefined) return std::nullopt;
  if (from == to) return forward(graph, node, node.input(0));
  // A cast of a widening cast: the first one is not needed.
  const Node* inner = made_by(graph, node.input(0), "Cast");
  if (!inner) return std::nullopt;
  const DType source = dtype(graph, inner->input(0));
  if (source == DType::undefined || !lossless(source, from)) return std::nullopt;
  if (source == to) return forward(graph, node, inner->input(0));
  Patch patch(graph);
  patch.replace(node.output(0), add_copy(patch, node, {inner->input(0)}));
  return patch;
}

Outcome transpose(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto perm = permutation(graph, node);
  if (!perm || !std::is_sorted(perm->begin(), perm->end())) return std::nullopt;
  return forward(graph, node, node.input(0));
}

Outcome pad(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto pads = integers(graph, node.input(1));
  if (!pads || std::any_of(pads->begin(), pads->end(), [](int64_t p) { return p != 0; }))
    return std::nullopt;
  return forward(graph, node, node.input(0));
}

// Slices with step 1 that keep all extents.
Outcome slice(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto starts = integers(graph, node.input(1));
  const auto ends = integers(graph, node.input(2));
  if (!starts || !ends || starts->size() != ends->size()) return std::nullopt;
  if (node.input(4) != kNone) {
    const auto steps = integers(graph, node.input(4));
    if (!steps || std::any_of(steps->begin(), steps->end(), [](int64_t s) { return s != 1; }))
      return std::nullopt;
  }
  std::vector<int64_t> axes;
  if (node.input(3) != kNone) {
    const auto given = integers(graph, node.input(3));
    if (!given) return std::nullopt;
    axes = *given;
  } else {
    for (size_t i = 0; i < starts->size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (axes.size() != starts->size()) return std::nullopt;
  const Shape* shape = known_shape(graph, node.input(0));
  for (size_t i = 0; i < axes.size(); ++i) {
    if ((*starts)[i] != 0) return std::nullopt;
    if ((*ends)[i] >= INT32_MAX) continue;
    const auto axis = shape ? normalize_axis(axes[i], shape->rank()) : std::nullopt;
    if (!axis || (*shape)[*axis] == Shape::kUnknown || (*ends)[i] < (*shape)[*axis])
      return std::nullopt;
  }
  return forward(graph, node, node.input(0));
}

Outcome expand(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (same_shape(graph, node.input(0), node.output(0))) return forward(graph, node, node.input(0));
  // All ones, of no higher rank: nothing can grow.
  const auto target = integers(graph, node.input(1));
  const auto input_rank = rank(graph, node.input(0));
  if (!target || !input_rank || target->size() > *input_rank) return std::nullopt;
  const Shape& shape = *known_shape(graph, node.input(0));
  const size_t skip = *input_rank - target->size();
  for (size_t i = 0; i < target->size(); ++i)
    if ((*target)[i] != 1 && (*target)[i] != shape[skip + i]) return std::nullopt;
  return forward(graph, node, node.input(0));
}

Outcome tile(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (uniform(graph, node.input(1)) != 1.0) return std::nullopt;
  return forward(graph, node, node.input(0));
}

// Concat, Sum, Max, Min, Mean of one value.
Outcome single_input(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.inputs.size() != 1) return std::nullopt;
  return forward(graph, node, node.input(0));
}

Outcome split(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.outputs.size() != 1) return std::nullopt;
  return forward(graph, node, node.input(0));
}

// A window of one element, step one, nothing around.
Outcome pool(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto all = [&](std::string_view name, int64_t value) {
    const auto& list = node.attrs.integers(name);
    return std::all_of(list.begin(), list.end(), [&](int64_t x) { return x == value; });
  };
  if (node.attrs.integers("kernel_shape").empty() || !all("kernel_shape", 1) ||
      !all("strides", 1) || !all("pads", 0) || !only_first_output(graph, node))
    return std::nullopt;
  if (is(node, "MaxPool") && node.output(1) != kNone) return std::nullopt;
  return forward(graph, node, node.input(0));
}

// x + 0, x - 0.
Outcome add_zero(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto parts = split_constant(graph, node);
  if (!parts || uniform(graph, parts->constant) != 0.0) return std::nullopt;
  if (is(node, "Sub") && parts->constant != node.input(1)) return std::nullopt;
  if (!broadcasts_into(graph, parts->constant, parts->value)) return std::nullopt;
  return forward(graph, node, parts->value);
}

// x * 1, x / 1.
Outcome multiply_one(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto parts = split_constant(graph, node);
  if (!parts || uniform(graph, parts->constant) != 1.0) return std::nullopt;
  if (is(node, "Div") && parts->constant != node.input(1)) return std::nullopt;
  if (!broadcasts_into(graph, parts->constant, parts->value)) return std::nullopt;
  return forward(graph, node, parts->value);
}

// f(f(x)) is x.
Outcome twice(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), node.op);
  return inner ? forward(graph, node, inner->input(0)) : Outcome(std::nullopt);
}

// f(f(x)) is f(x).
Outcome repeated(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), node.op);
  return inner ? forward(graph, node, node.input(0)) : Outcome(std::nullopt);
}

// Where with one condition for all elements.
Outcome where(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto condition = uniform(graph, node.input(0));
  if (!condition) return std::nullopt;
  const ValueId chosen = node.input(*condition != 0 ? 1 : 2);
  const ValueId other = node.input(*condition != 0 ? 2 : 1);
  if (!broadcasts_into(graph, node.input(0), chosen) || !broadcasts_into(graph, other, chosen))
    return std::nullopt;
  return forward(graph, node, chosen);
}

// Quantizing what was dequantized with the same scale and zero point gives the integers back.
Outcome requantize(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), "DequantizeLinear");
  if (!inner || node.inputs.size() != inner->inputs.size()) return std::nullopt;
  if (node.input(1) != inner->input(1) || node.input(2) != inner->input(2)) return std::nullopt;
  const DType type = dtype(graph, inner->input(0));
  if (type != dtype(graph, node.output(0)) || (type != DType::int8 && type != DType::uint8))
    return std::nullopt;
  if (node.attrs.integer("axis", 1) != inner->attrs.integer("axis", 1) ||
      node.attrs.integer("block_size", 0) != inner->attrs.integer("block_size", 0))
    return std::nullopt;
  return forward(graph, node, inner->input(0));
}

}  // namespace

std::span<const Rule> remove_identities_rules() {
  static const Rule rules[] = {
      {"remove_identity", "Identity", identity},
      {"remove_dropout", "Dropout", dropout},
      {"remove_cast", "Cast", cast},
      {"remove_transpose", "Transpose", transpose},
      {"remove_pad", "Pad", pad},
      {"remove_slice", "Slice", slice},
      {"remove_expand", "Expand", expand},
      {"remove_tile", "Tile", tile},
      {"remove_concat", "Concat", single_input},
      {"remove_sum", "Sum", single_input},
      {"remove_max", "Max", single_input},
      {"remove_min", "Min", single_input},
      {"remove_mean", "Mean", single_input},
      {"remove_split", "Split", split},
      {"remove_pool", "MaxPool", pool},
      {"remove_pool", "AveragePool", pool},
      {"remove_add_zero", "Add", add_zero},
      {"remove_add_zero", "Sub", add_zero},
      {"remove_multiply_one", "Mul", multiply_one},
      {"remove_multiply_one", "Div", multiply_one},
      {"remove_double_negation", "Neg", twice},
      {"remove_double_negation", "Not", twice},
      {"remove_repeated", "Relu", repeated},
      {"remove_repeated", "Abs", repeated},
      {"remove_repeated", "Floor", repeated},
      {"remove_repeated", "Ceil", repeated},
      {"remove_repeated", "Round", repeated},
      {"remove_where", "Where", where},
      {"remove_requantize", "QuantizeLinear", requantize},
  };
  return rules;
}

}  // namespace oarlock::passes
