// Reductions over all spatial axes are global pooling; padding before a pool is part of it.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

Outcome global_pool(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Shape* shape = known_shape(graph, node.input(0));
  const auto axes = reduced_axes(graph, node);
  if (!shape || !axes || shape->rank() < 4 || axes->size() != shape->rank() - 2 ||
      axes->front() != 2 || !is_real(graph, node.input(0)))
    return std::nullopt;
  const std::string_view op = is(node, "ReduceMean") ? "GlobalAveragePool" : "GlobalMaxPool";
  Patch patch(graph);
  ValueId pooled = patch.add_node(node.name, "", op, {node.input(0)})[0];
  if (node.attrs.integer("keepdims", 1) == 0) {
    const Shape* result = known_shape(graph, node.output(0));
    const auto dims = result ? reshape_dims(*result) : std::nullopt;
    if (!dims) return std::nullopt;
    pooled = add_reshape(patch, concat(node.name, "_reshape"), pooled, *dims);
  }
  patch.replace(node.output(0), pooled);
  return patch;
}

// A window as large as the image.
Outcome whole_window(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Shape* shape = concrete_shape(graph, node.input(0));
  const std::vector<int64_t>& kernel = node.attrs.integers("kernel_shape");
  const std::vector<int64_t>& pads = node.attrs.integers("pads");
  const std::string& mode = node.attrs.string("auto_pad");
  if (!shape || kernel.empty() || shape->rank() != kernel.size() + 2 ||
      !is_real(graph, node.input(0)))
    return std::nullopt;
  if (!mode.empty() && mode != "NOTSET" && mode != "VALID") return std::nullopt;
  for (const int64_t d : node.attrs.integers("dilations"))
    if (d != 1) return std::nullopt;
  for (const int64_t p : pads)
    if (p != 0) return std::nullopt;
  for (size_t i = 0; i < kernel.size(); ++i)
    if (kernel[i] != (*shape)[i + 2]) return std::nullopt;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone) return std::nullopt;
  const std::string_view op = is(node, "AveragePool") ? "GlobalAveragePool" : "GlobalMaxPool";
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", op, {node.input(0)})[0]);
  return patch;
}

// Pad of the spatial axes with what the pool takes padding for: minus infinity before a maximum,
// zero before an average that counts padding (or has none of its own).
Outcome absorb_pad(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* pad = made_by(graph, node.input(0), "Pad");
  if (!pad || sole_user(graph, node.input(0)) != root || pad->input(3) != kNone)
    return std::nullopt;
  const std::string& pad_mode = pad->attrs.string("mode");
  const std::string& mode = node.attrs.string("auto_pad");
  if (!(pad_mode.empty() || pad_mode == "constant") ||
      !(mode.empty() || mode == "NOTSET" || mode == "VALID") ||
      node.attrs.integer("ceil_mode", 0) != 0)
    return std::nullopt;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone) return std::nullopt;
  const bool average = is(node, "AveragePool");
  const auto value = pad->input(2) == kNone ? std::optional(0.0) : uniform(graph, pad->input(2));
  if (value != (average ? 0.0 : -HUGE_VAL)) return std::nullopt;
  const auto amounts = integers(graph, pad->input(1));
  const std::vector<int64_t>& kernel = node.attrs.integers("kernel_shape");
  std::vector<int64_t> pads = node.attrs.integers("pads");
  const size_t spatial = kernel.size();
  if (pads.empty()) pads.assign(2 * spatial, 0);
  if (!amounts || amounts->size() != 2 * (spatial + 2) || pads.size() != 2 * spatial)
    return std::nullopt;
  const bool had_pads = std::any_of(pads.begin(), pads.end(), [](int64_t p) { return p != 0; });
  if (average && had_pads && node.attrs.integer("count_include_pad", 0) == 0) return std::nullopt;
  for (const bool end : {false, true}) {
    const size_t from = end ? spatial + 2 : 0;
    if ((*amounts)[from] != 0 || (*amounts)[from + 1] != 0) return std::nullopt;
    for (size_t i = 0; i < spatial; ++i) {
      const int64_t amount = (*amounts)[from + 2 + i];
      int64_t& total = pads[(end ? spatial : 0) + i];
      if (total < 0 || total > INT32_MAX || amount < 0 || amount >= kernel[i] - total)
        return std::nullopt;
      total += amount;
    }
  }
  Patch patch(graph);
  Node copy = node;
  copy.inputs[0] = pad->input(0);
  copy.attrs.set("pads", pads);
  copy.attrs.set("auto_pad", std::string("NOTSET"));
  if (average) copy.attrs.set("count_include_pad", int64_t{1});
  patch.replace(node.output(0), patch.add_node(std::move(copy), 1)[0]);
  return patch;
}

}  // namespace

std::span<const Rule> recognize_pooling_rules() {
  static const Rule rules[] = {
      {"recognize_global_pool", "ReduceMean", global_pool},
      {"recognize_global_pool", "ReduceMax", global_pool},
      {"recognize_global_pool", "AveragePool", whole_window},
      {"recognize_global_pool", "MaxPool", whole_window},
      {"fuse_pool_pad", "AveragePool", absorb_pad},
      {"fuse_pool_pad", "MaxPool", absorb_pad},
  };
  return rules;
}

}  // namespace oarlock::passes
