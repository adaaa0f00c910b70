// What a convolution computes together with the node before it.
#include <array>

#include "backends/cpu/fused_ops.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::cpu {

namespace {

using Outcome = Result<std::optional<Patch>>;

bool is_pointwise(const Graph& graph, const Node& conv) {
  const Shape& w = graph.value(conv.input(1)).type.shape;
  const auto all = [&](std::string_view name, int64_t value) {
    for (int64_t i : conv.attrs.integers(name))
      if (i != value) return false;
    return true;
  };
  return w.rank() == 4 && w[2] == 1 && w[3] == 1 && conv.attrs.integer("group", 1) == 1 &&
         all("strides", 1) && all("pads", 0);
}

// Squeeze and excitation: a factor for each channel of the input.
Outcome fuse_scale(const Graph& graph, NodeId root) {
  const Node& conv = graph.node(root);
  const Node* mul = absorbed(graph, conv, conv.input(0));
  if (!mul || mul->op != "Mul" || !mul->domain.empty() || !is_pointwise(graph, conv))
    return std::nullopt;
  const Shape& x = graph.value(conv.input(0)).type.shape;
  const Shape factors{x[0], x[1], 1, 1};
  for (size_t i : {0u, 1u}) {
    const ValueId value = mul->input(1 - i), factor = mul->input(i);
    if (graph.value(factor).type.shape != factors || graph.value(value).type.shape != x) continue;
    Patch patch(graph);
    patch.replace(
        conv.output(0),
        patch.add_node(conv.name, kCpuDomain, "ScaledConv",
                       trimmed({value, conv.input(1), factor, conv.input(2), conv.input(3)}),
                       conv.attrs)[0]);
    return patch;
  }
  return std::nullopt;
}

// An inverted bottleneck: depthwise after pointwise.
Outcome fuse_expansion(const Graph& graph, NodeId root) {
  const Node& depthwise = graph.node(root);
  const Node* pointwise = absorbed(graph, depthwise, depthwise.input(0));
  const Shape& w = graph.value(depthwise.input(1)).type.shape;
  if (!pointwise || pointwise->op != "Conv" || pointwise->domain != kOarlockDomain ||
      pointwise->input(3) != kNone || !is_pointwise(graph, *pointwise) || w.rank() != 4 ||
      w[1] != 1 || depthwise.attrs.integer("group", 1) != w[0] || depthwise.input(3) != kNone ||
      depthwise.attrs.string("auto_pad") != "NOTSET")
    return std::nullopt;
  Patch patch(graph);
  patch.replace(
      depthwise.output(0),
      patch.add_node(depthwise.name, kCpuDomain, "ExpandedConv",
                     trimmed({pointwise->input(0), depthwise.input(1), pointwise->input(1),
                              depthwise.input(2), pointwise->input(2)}),
                     expanded_attrs(depthwise.attrs, pointwise->attrs))[0]);
  return patch;
}

}  // namespace

std::span<const Rule> fuse_convolutions_rules();

std::span<const Rule> fuse_convolutions_rules() {
  static constexpr std::array<Rule, 2> rules = {{
      {"fuse_scale", "oarlock.Conv", fuse_scale},
      {"fuse_expansion", "oarlock.Conv", fuse_expansion},
  }};
  return rules;
}

}  // namespace oarlock::cpu
