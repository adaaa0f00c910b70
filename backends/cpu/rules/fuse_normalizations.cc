// What a normalization computes together with the node after it.
#include <array>

#include "backends/cpu/fused_ops.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::cpu {

namespace {

using Outcome = Result<std::optional<Patch>>;

// Of networks that normalize before they convolve, such as DenseNet.
Outcome fuse_batch_norm_relu(const Graph& graph, NodeId root) {
  const Node& relu = graph.node(root);
  const Node* norm = absorbed(graph, relu, relu.input(0));
  if (!norm || norm->op != "BatchNormalization" || !norm->domain.empty() ||
      norm->attrs.integer("training_mode", 0) != 0)
    return std::nullopt;
  Patch patch(graph);
  patch.replace(relu.output(0),
                patch.add_node(norm->name, kCpuDomain, "BatchNormRelu", norm->inputs,
                               {{"epsilon", norm->attrs.number("epsilon", 1e-5f)}})[0]);
  return patch;
}

}  // namespace

std::span<const Rule> fuse_normalizations_rules();

std::span<const Rule> fuse_normalizations_rules() {
  static constexpr std::array<Rule, 1> rules = {
      {{"fuse_batch_norm_relu", "Relu", fuse_batch_norm_relu}}};
  return rules;
}

}  // namespace oarlock::cpu
