#include "backends/xrt/fused_ops.h"

#include <utility>
#include <vector>

namespace oarlock::xrt {

namespace {

constexpr std::string_view kOfPooling = "pool_", kConvExtents = "conv_extents",
                           kPoolExtents = "pool_extents";

Status infer(InferContext& c) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  const std::vector<int64_t>& extents = c.attrs().integers(kPoolExtents);
  if (x.rank() != 4 || w.rank() != 4 || extents.size() != 2 ||
      c.attrs().integers(kConvExtents).size() != 2)
    return invalid("X, W and the result must have 4 dimensions");
  c.set_output(0, c.dtype(0), Shape{x[0], w[0], extents[0], extents[1]});
  return {};
}

Result<std::optional<Patch>> decompose(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Attrs convolution;
  for (const auto& [name, value] : node.attrs.entries())
    if (!name.starts_with("pool") && name != kConvExtents) convolution.set(name, value);
  Patch patch(graph);
  const ValueId between = patch.add_node(concat(node.name, "/convolution"), kOarlockDomain, "Conv",
                                         node.inputs, std::move(convolution))[0];
  patch.replace(node.output(0), patch.add_node(node.name, "", node.attrs.string("pool"), {between},
                                               pooling_attrs(node.attrs))[0]);
  return patch;
}

}  // namespace

Attrs pooled_attrs(const Attrs& convolution, std::string_view pool, const Attrs& pooling) {
  Attrs attrs = convolution;
  attrs.set("pool", std::string(pool));
  for (const auto& [name, value] : pooling.entries()) attrs.set(concat(kOfPooling, name), value);
  return attrs;
}

Attrs pooling_attrs(const Attrs& pooled) {
  Attrs attrs;
  for (const auto& [name, value] : pooled.entries())
    if (name.starts_with(kOfPooling) && name != kPoolExtents)
      attrs.set(name.substr(kOfPooling.size()), value);
  return attrs;
}

std::span<const OpDef> fused_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def{.domain = std::string(kXrtDomain),
              .name = "PooledConv",
              .attrs = {{"activation", ""},
                        {"activation_alpha", 0.0f},
                        {"activation_beta", 0.0f},
                        {"auto_pad", "NOTSET"},
                        {"dilations", AttrKind::integers},
                        {"group", 1},
                        {"kernel_shape", AttrKind::integers},
                        {"pads", AttrKind::integers},
                        {"strides", AttrKind::integers},
                        AttrDef::must("pool", AttrKind::string),
                        {"pool_auto_pad", AttrKind::string},
                        {"pool_ceil_mode", AttrKind::integer},
                        {"pool_count_include_pad", AttrKind::integer},
                        {"pool_dilations", AttrKind::integers},
                        {"pool_kernel_shape", AttrKind::integers},
                        {"pool_pads", AttrKind::integers},
                        {"pool_storage_order", AttrKind::integer},
                        {"pool_strides", AttrKind::integers}},
              .inputs = {2, 3},
              .infer = infer,
              .decompose = decompose,
              .flops = [](const Attrs& attrs, std::span<const TypeInfo> in,
                          std::span<const TypeInfo> out) {
                const std::vector<int64_t>& extents = attrs.integers(kConvExtents);
                const Shape& w = in[1].shape;
                return 2.0 * static_cast<double>(out[0].shape[0] * extents[0] * extents[1]) *
                       static_cast<double>(w.elements().value_or(0));
              }};
    for (const std::string_view name : {kConvExtents, kPoolExtents})
      def.attrs.push_back(AttrDef::must(std::string(name), AttrKind::integers));
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::xrt
