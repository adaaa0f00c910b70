#include "backends/cpu/fused_ops.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace oarlock::cpu {

namespace {

constexpr std::string_view kOfExpansion = "expansion_";
constexpr std::array kActivationAttrs = {"activation", "activation_alpha", "activation_beta"};

std::vector<AttrDef> conv_attrs() {
  return {{"activation", ""},
          {"activation_alpha", 0.0f},
          {"activation_beta", 0.0f},
          {"auto_pad", "NOTSET"},
          {"dilations", AttrKind::integers},
          {"group", 1},
          {"kernel_shape", AttrKind::integers},
          {"pads", AttrKind::integers},
          {"strides", AttrKind::integers}};
}

ValueId add_conv(Patch& patch, std::string_view name, std::vector<ValueId> inputs, Attrs attrs) {
  return patch.add_node(name, kOarlockDomain, "Conv", trimmed(std::move(inputs)),
                        std::move(attrs))[0];
}

double flops_of(const Shape& y, int64_t multiplications) {
  return 2.0 * static_cast<double>(y.elements().value_or(0)) * static_cast<double>(multiplications);
}

Status infer_scaled(InferContext& c) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  if (x.rank() != 4 || w.rank() != 4) return invalid("X and W must have 4 dimensions");
  c.set_output(0, c.dtype(0), Shape{x[0], w[0], x[2], x[3]});
  return {};
}

Result<std::optional<Patch>> decompose_scaled(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Patch patch(graph);
  const ValueId product =
      patch.add_node(concat(node.name, "/scale"), "", "Mul", {node.input(0), node.input(2)})[0];
  patch.replace(node.output(0),
                add_conv(patch, node.name, {product, node.input(1), node.input(3), node.input(4)},
                         node.attrs));
  return patch;
}

Status infer_expanded(InferContext& c) {
  const Shape &x = c.shape(0), &w = c.shape(1);
  const std::vector<int64_t>&pads = c.attrs().integers("pads"),
        &strides = c.attrs().integers("strides"), &dilations = c.attrs().integers("dilations");
  if (x.rank() != 4 || w.rank() != 4 || pads.size() != 4 || strides.size() != 2 ||
      dilations.size() != 2 || !x.is_concrete() || !w.is_concrete())
    return invalid("X and W must be known and have 4 dimensions");
  Shape y{x[0], w[0], 0, 0};
  for (size_t i = 0; i < 2; ++i) {
    const int64_t reach = (w[i + 2] - 1) * dilations[i] + 1;
    y[i + 2] = (x[i + 2] + pads[i] + pads[i + 2] - reach) / strides[i] + 1;
  }
  c.set_output(0, c.dtype(0), y);
  return {};
}

Result<std::optional<Patch>> decompose_expanded(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Attrs depthwise, pointwise{{"auto_pad", std::string("NOTSET")},
                             {"dilations", std::vector<int64_t>{1, 1}},
                             {"group", int64_t{1}},
                             {"kernel_shape", std::vector<int64_t>{1, 1}},
                             {"pads", std::vector<int64_t>{0, 0, 0, 0}},
                             {"strides", std::vector<int64_t>{1, 1}}};
  for (const auto& [name, value] : node.attrs.entries())
    if (!name.starts_with(kOfExpansion)) depthwise.set(name, value);
  set_activation(pointwise, expansion_activation(node.attrs));
  Patch patch(graph);
  const ValueId expanded = add_conv(patch, concat(node.name, "/expansion"),
                                    {node.input(0), node.input(2), node.input(4)}, pointwise);
  patch.replace(node.output(0),
                add_conv(patch, node.name, {expanded, node.input(1), node.input(3)}, depthwise));
  return patch;
}

Status infer_batch_norm(InferContext& c) {
  c.set_output(0, c.dtype(0), c.shape(0));
  return {};
}

Result<std::optional<Patch>> decompose_batch_norm(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Patch patch(graph);
  const ValueId normalized = patch.add_node(concat(node.name, "/normalization"), "",
                                            "BatchNormalization", node.inputs, node.attrs)[0];
  patch.replace(node.output(0), patch.add_node(node.name, "", "Relu", {normalized})[0]);
  return patch;
}

Status infer_gather(InferContext& c) {
  const std::vector<int64_t>& split = c.attrs().integers("split");
  if (split.size() != c.output_count()) return invalid("split needs an entry for every output");
  for (size_t i = 0; i < split.size(); ++i) {
    Shape y = c.shape(0);
    if (y.rank() != 4) return invalid("X must have 4 dimensions");
    y[1] = split[i];
    c.set_output(i, c.dtype(0), y);
  }
  return {};
}

Result<std::optional<Patch>> decompose_gather(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const std::vector<int64_t>& channels = node.attrs.integers("channels");
  const Attrs axis{{"axis", int64_t{1}}};
  Patch patch(graph);
  const ValueId all = patch.add_node(concat(node.name, "/all"), "", "Concat", node.inputs, axis)[0];
  auto from = channels.begin();
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    const int64_t count = node.attrs.integers("split")[i];
    OARLOCK_ASSIGN(Tensor picked, Tensor::allocate(DType::int64, {count}));
    std::copy_n(from, count, picked.mutable_as<int64_t>().begin());
    from += count;
    const ValueId indices = patch.add_constant(concat(node.name, "/channels"), std::move(picked));
    patch.replace(node.outputs[i],
                  patch.add_node(node.name, "", "Gather", {all, indices}, axis)[0]);
  }
  return patch;
}

}  // namespace

const Node* absorbed(const Graph& graph, const Node& user, ValueId value) {
  const Node* node = graph.producer(value);
  return node && node->device == user.device && graph.use_count(value) == 1 ? node : nullptr;
}

std::vector<ValueId> trimmed(std::vector<ValueId> inputs) {
  while (!inputs.empty() && inputs.back() == kNone) inputs.pop_back();
  return inputs;
}

Attrs expanded_attrs(const Attrs& depthwise, const Attrs& expansion) {
  Attrs attrs = depthwise;
  for (const char* name : kActivationAttrs)
    if (const AttrValue* value = expansion.find(name))
      attrs.set(concat(kOfExpansion, name), *value);
  return attrs;
}

Activation expansion_activation(const Attrs& attrs) {
  Attrs plain;
  for (const char* name : kActivationAttrs)
    if (const AttrValue* value = attrs.find(concat(kOfExpansion, name))) plain.set(name, *value);
  return activation_from(plain).value_or(Activation());
}

std::span<const OpDef> fused_ops() {
  using Types = std::span<const TypeInfo>;
  static const std::vector<OpDef> defs = [] {
    OpDef scaled{.domain = std::string(kCpuDomain),
                 .name = "ScaledConv",
                 .attrs = conv_attrs(),
                 .inputs = {3, 5},
                 .infer = infer_scaled,
                 .decompose = decompose_scaled,
                 .flops = [](const Attrs&, Types in, Types out) {
                   return flops_of(out[0].shape, in[1].shape[1]);
                 }};
    OpDef expanded{.domain = std::string(kCpuDomain),
                   .name = "ExpandedConv",
                   .attrs = conv_attrs(),
                   .inputs = {3, 5},
                   .infer = infer_expanded,
                   .decompose = decompose_expanded,
                   .flops = [](const Attrs&, Types in, Types out) {
                     const Shape &x = in[0].shape, &w = in[1].shape;
                     return flops_of(Shape{x[0], w[0], x[2], x[3]}, x[1]) +
                            flops_of(out[0].shape, w[2] * w[3]);
                   }};
    for (const char* name : kActivationAttrs) {
      const AttrKind kind =
          std::string_view(name) == "activation" ? AttrKind::string : AttrKind::number;
      expanded.attrs.emplace_back(concat(kOfExpansion, name), kind);
    }
    OpDef batch_norm{
        .domain = std::string(kCpuDomain),
        .name = "BatchNormRelu",
        .attrs = {{"epsilon", 1e-5f}},
        .inputs = 5,
        .infer = infer_batch_norm,
        .decompose = decompose_batch_norm,
        .flops = [](const Attrs&, Types, Types out) { return flops_of(out[0].shape, 1); }};
    OpDef gather{.domain = std::string(kCpuDomain),
                 .name = "ChannelGather",
                 .attrs = {AttrDef::must("channels", AttrKind::integers),
                           AttrDef::must("split", AttrKind::integers)},
                 .inputs = {1, Arity::kMany},
                 .outputs = {1, Arity::kMany},
                 .infer = infer_gather,
                 .decompose = decompose_gather};
    return std::vector<OpDef>{std::move(scaled), std::move(expanded), std::move(batch_norm),
                              std::move(gather)};
  }();
  return defs;
}

}  // namespace oarlock::cpu
