// Concat and Slice that undo or continue each other.
#include <algorithm>
#include <limits>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

std::optional<size_t> concat_axis(const Graph& graph, const Node& node) {
  const auto output_rank = rank(graph, node.output(0));
  return output_rank ? normalize_axis(node.attrs.integer("axis"), *output_rank) : std::nullopt;
}

// Concat(Concat(a, b), c), the inner one read by nobody else.
Outcome flatten_concat(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto axis = concat_axis(graph, node);
  if (!axis) return std::nullopt;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Node* inner = made_by(graph, node.inputs[i], "Concat");
    if (!inner || sole_user(graph, node.inputs[i]) != root || concat_axis(graph, *inner) != axis)
      continue;
    if (std::count(node.inputs.begin(), node.inputs.end(), node.inputs[i]) != 1) continue;
    std::vector<ValueId> inputs(node.inputs.begin(), node.inputs.begin() + i);
    inputs.insert(inputs.end(), inner->inputs.begin(), inner->inputs.end());
    inputs.insert(inputs.end(), node.inputs.begin() + i + 1, node.inputs.end());
    Patch patch(graph);
    patch.replace(node.output(0), add_copy(patch, node, std::move(inputs)));
    return patch;
  }
  return std::nullopt;
}

// Concat(a, b, c) where somebody has Concat(a, b) already: Concat of that and c. Each element of a
// growing block of features is then copied into at most one buffer.
Outcome extend_concat(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto axis = concat_axis(graph, node);
  if (!axis || node.inputs.size() < 3) return std::nullopt;
  const Node* best = nullptr;
  for (const NodeId id : graph.value(node.inputs[0]).users) {
    const Node& other = graph.node(id);
    if (id == root || !is(other, "Concat") || other.inputs.size() >= node.inputs.size() ||
        other.inputs.size() < 2 || concat_axis(graph, other) != axis)
      continue;
    if (!std::equal(other.inputs.begin(), other.inputs.end(), node.inputs.begin())) continue;
    if (!best || other.inputs.size() > best->inputs.size()) best = &other;
  }
  if (!best || graph.use_count(best->output(0)) == 0) return std::nullopt;
  std::vector<ValueId> inputs = {best->output(0)};
  inputs.insert(inputs.end(), node.inputs.begin() + static_cast<int64_t>(best->inputs.size()),
                node.inputs.end());
  Patch patch(graph);
  patch.replace(node.output(0), add_copy(patch, node, std::move(inputs)));
  return patch;
}

// Concat of all outputs of one Split, in order.
Outcome rejoin(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* split = graph.producer(node.input(0));
  if (!split || !is(*split, "Split") || split->outputs != node.inputs) return std::nullopt;
  const auto axis = concat_axis(graph, node);
  const auto input_rank = rank(graph, split->input(0));
  if (!axis || !input_rank || normalize_axis(split->attrs.integer("axis", 0), *input_rank) != axis)
    return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), split->input(0));
  return patch;
}

// One axis of a Slice with constant bounds.
struct Cut {
  int64_t start, end, axis, step;
};

// The cuts of a Slice of a value of known rank, axes normalized; starts and ends of axes with known
// extents are inside 0..extent.
std::optional<std::vector<Cut>> cuts_of(const Graph& graph, const Node& node) {
  const Shape* shape = known_shape(graph, node.input(0));
  const auto starts = integers(graph, node.input(1)), ends = integers(graph, node.input(2));
  if (!shape || !starts || !ends || starts->size() != ends->size()) return std::nullopt;
  std::optional<std::vector<int64_t>> axes, steps;
  if (node.input(3) != kNone && !(axes = integers(graph, node.input(3)))) return std::nullopt;
  if (node.input(4) != kNone && !(steps = integers(graph, node.input(4)))) return std::nullopt;
  if ((axes && axes->size() != starts->size()) || (steps && steps->size() != starts->size()))
    return std::nullopt;
  std::vector<Cut> cuts;
  for (size_t i = 0; i < starts->size(); ++i) {
    const auto axis = normalize_axis(axes ? (*axes)[i] : static_cast<int64_t>(i), shape->rank());
    const int64_t step = steps ? (*steps)[i] : 1;
    const int64_t extent = axis ? (*shape)[*axis] : 0;
    if (!axis || step < 1 || step > INT32_MAX || extent > INT32_MAX) return std::nullopt;
    Cut cut{(*starts)[i], (*ends)[i], static_cast<int64_t>(*axis), step};
    if (extent != Shape::kUnknown) {
      const auto clamp = [&](int64_t at) {
        return std::clamp(at < 0 ? at + extent : at, int64_t{0}, extent);
      };
      cut.start = clamp(cut.start);
      cut.end = clamp(cut.end);
    }
    cuts.push_back(cut);
  }
  return cuts;
}

ValueId add_slice(Patch& patch, const std::string& name, ValueId value,
                  const std::vector<Cut>& cuts) {
  std::vector<int64_t> starts, ends, axes, steps;
  for (const Cut& cut : cuts) {
    starts.push_back(cut.start);
    ends.push_back(cut.end);
    axes.push_back(cut.axis);
    steps.push_back(cut.step);
  }
  return patch.add_node(name, "", "Slice",
                        {value, add_integers(patch, concat(name, "_starts"), starts),
                         add_integers(patch, concat(name, "_ends"), ends),
                         add_integers(patch, concat(name, "_axes"), axes),
                         add_integers(patch, concat(name, "_steps"), steps)})[0];
}

// A Slice of a Slice of other axes, or of the same ones where extents are known.
Outcome merge_slices(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* inner = made_by(graph, node.input(0), "Slice");
  if (!inner) return std::nullopt;
  const auto first = cuts_of(graph, *inner), second = cuts_of(graph, node);
  const Shape* source = known_shape(graph, inner->input(0));
  if (!first || !second || !source) return std::nullopt;
  std::vector<Cut> cuts = *first;
  for (const Cut& cut : *second) {
    const auto same =
        std::find_if(cuts.begin(), cuts.end(), [&](const Cut& c) { return c.axis == cut.axis; });
    if (same == cuts.end()) {
      cuts.push_back(cut);
      continue;
    }
    if ((*source)[static_cast<size_t>(cut.axis)] == Shape::kUnknown) return std::nullopt;
    if (same->end <= same->start || cut.end <= cut.start) return std::nullopt;
    same->end = std::min(same->end, same->start + (cut.end - 1) * same->step + 1);
    same->start += cut.start * same->step;
    same->step *= cut.step;
  }
  Patch patch(graph);
  patch.replace(node.output(0), add_slice(patch, node.name, inner->input(0), cuts));
  return patch;
}

// A Slice of a Concat along its axis that lies in one of its inputs.
Outcome slice_of_concat(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* joined = made_by(graph, node.input(0), "Concat");
  if (!joined) return std::nullopt;
  const auto cuts = cuts_of(graph, node);
  const auto axis = concat_axis(graph, *joined);
  const Shape* shape = known_shape(graph, node.input(0));
  if (!cuts || !axis || !shape || cuts->size() != 1 ||
      cuts->front().axis != static_cast<int64_t>(*axis) || (*shape)[*axis] == Shape::kUnknown)
    return std::nullopt;
  Cut cut = cuts->front();
  for (const ValueId input : joined->inputs) {
    const Shape* part = known_shape(graph, input);
    const int64_t extent = part && *axis < part->rank() ? (*part)[*axis] : Shape::kUnknown;
    if (extent == Shape::kUnknown) return std::nullopt;
    if (cut.start < extent) {
      if (cut.end > extent || cut.end <= cut.start) return std::nullopt;
      Patch patch(graph);
      const bool whole = cut.start == 0 && cut.end == extent && cut.step == 1;
      patch.replace(node.output(0), whole ? input : add_slice(patch, node.name, input, {cut}));
      return patch;
    }
    cut.start -= extent;
    cut.end -= extent;
  }
  return std::nullopt;
}

}  // namespace

std::span<const Rule> merge_slices_rules() {
  static const Rule rules[] = {
      {"flatten_concat", "Concat", flatten_concat},
      {"extend_concat", "Concat", extend_concat},
      {"rejoin_split", "Concat", rejoin},
      {"merge_slices", "Slice", merge_slices},
      {"slice_of_concat", "Slice", slice_of_concat},
  };
  return rules;
}

}  // namespace oarlock::passes
