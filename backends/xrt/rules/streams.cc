// A convolution whose result goes into one MaxPool or AveragePool and nowhere else becomes one
// node, for the kernels that streams join.
#include <array>
#include <utility>
#include <vector>

#include "backends/xrt/fused_ops.h"
#include "oarlock/plugin/rewrite.h"

namespace oarlock::xrt {

namespace {

Result<std::optional<Patch>> pooled(const Graph& graph, NodeId root) {
  const Node& pool = graph.node(root);
  const Node* const conv = graph.producer(pool.input(0));
  if (conv == nullptr || conv->op != "Conv" || graph.use_count(pool.input(0)) != 1 ||
      (!conv->domain.empty() && conv->domain != kOarlockDomain) || conv->device != pool.device ||
      conv->input(3) != kNone || pool.output(1) != kNone)
    return std::nullopt;
  const Shape& between = graph.value(pool.input(0)).type.shape;
  const Shape& y = graph.value(pool.output(0)).type.shape;
  if (between.rank() != 4 || y.rank() != 4 || !between.is_concrete() || !y.is_concrete())
    return std::nullopt;
  Attrs attrs = pooled_attrs(conv->attrs, pool.op, pool.attrs);
  attrs.set("conv_extents", std::vector<int64_t>{between[2], between[3]});
  attrs.set("pool_extents", std::vector<int64_t>{y[2], y[3]});
  std::vector<ValueId> inputs = {conv->input(0), conv->input(1), conv->input(2)};
  if (inputs.back() == kNone) inputs.pop_back();
  Patch patch(graph);
  patch.replace(pool.output(0), patch.add_node(conv->name, kXrtDomain, "PooledConv",
                                               std::move(inputs), std::move(attrs))[0]);
  return patch;
}

}  // namespace

std::span<const Rule> streams_rules();

std::span<const Rule> streams_rules() {
  static constexpr std::array<Rule, 2> rules = {{
      {"pooled_convolutions", "AveragePool", pooled},
      {"pooled_convolutions", "MaxPool", pooled},
  }};
  return rules;
}

}  // namespace oarlock::xrt
