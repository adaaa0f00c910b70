// Every Conv becomes oarlock.Conv with explicit pads; padding before it, scaling and shifting
// around it become part of it.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

// Pads of a Conv, begins then ends; empty when auto_pad needs extents that are not known.
std::optional<std::vector<int64_t>> explicit_pads(const Graph& graph, const Node& node,
                                                  const std::vector<int64_t>& kernel) {
  const size_t spatial = kernel.size();
  const std::string& mode = node.attrs.string("auto_pad");
  if (mode.empty() || mode == "NOTSET") {
    std::vector<int64_t> pads = node.attrs.integers("pads");
    if (pads.empty()) pads.assign(2 * spatial, 0);
    if (pads.size() != 2 * spatial) return std::nullopt;
    return pads;
  }
  std::vector<int64_t> pads(2 * spatial, 0);
  if (mode == "VALID") return pads;
  const Shape* shape = known_shape(graph, node.input(0));
  const std::vector<int64_t>& strides = node.attrs.integers("strides");
  const std::vector<int64_t>& dilations = node.attrs.integers("dilations");
  for (size_t i = 0; i < spatial; ++i) {
    const int64_t stride = i < strides.size() ? strides[i] : 1;
    const int64_t dilation = i < dilations.size() ? dilations[i] : 1;
    if (stride < 1 || stride > INT32_MAX || dilation < 1 || dilation > INT16_MAX ||
        kernel[i] > INT32_MAX)
      return std::nullopt;
    int64_t total = dilation * (kernel[i] - 1);
    if (stride != 1) {
      const int64_t extent =
          shape && shape->rank() == spatial + 2 ? (*shape)[i + 2] : Shape::kUnknown;
      if (extent == Shape::kUnknown || extent > INT32_MAX) return std::nullopt;
      total =
          std::max<int64_t>(0, ((extent + stride - 1) / stride - 1) * stride + total + 1 - extent);
    }
    const int64_t small = total / 2;
    pads[i] = mode == "SAME_UPPER" ? small : total - small;
    pads[spatial + i] = total - pads[i];
  }
  return pads;
}

Outcome to_fused(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Shape* weight = known_shape(graph, node.input(1));
  if (!weight || weight->rank() < 3 || !is_real(graph, node.input(0))) return std::nullopt;
  std::vector<int64_t> kernel = node.attrs.integers("kernel_shape");
  if (kernel.empty()) kernel.assign(weight->begin() + 2, weight->end());
  if (kernel.size() + 2 != weight->rank() ||
      std::any_of(kernel.begin(), kernel.end(), [](int64_t k) { return k < 1; }))
    return std::nullopt;
  const auto pads = explicit_pads(graph, node, kernel);
  if (!pads) return std::nullopt;
  const size_t spatial = kernel.size();
  const auto list = [&](std::string_view name) {
    const std::vector<int64_t>& given = node.attrs.integers(name);
    return given.empty() ? std::vector<int64_t>(spatial, 1) : given;
  };
  Fused fused;
  fused.op = "Conv";
  fused.name = node.name;
  fused.attrs = Attrs{{"auto_pad", std::string("NOTSET")},
                      {"dilations", list("dilations")},
                      {"group", node.attrs.integer("group", 1)},
                      {"kernel_shape", kernel},
                      {"pads", *pads},
                      {"strides", list("strides")}};
  fused.inputs = {node.input(0), node.input(1), node.input(2), kNone};
  Patch patch(graph);
  patch.replace(node.output(0), add_fused(patch, fused));
  return patch;
}

// A constant zero Pad of the spatial axes before the convolution.
Outcome absorb_pad(const Graph& graph, NodeId root) {
  auto fused = fused_from(graph.node(root));
  if (!fused) return std::nullopt;
  const Node* pad = made_by(graph, fused->inputs[kData], "Pad");
  if (!pad || sole_user(graph, fused->inputs[kData]) != root) return std::nullopt;
  const std::string& mode = pad->attrs.string("mode");
  if (!(mode.empty() || mode == "constant") || pad->input(3) != kNone) return std::nullopt;
  if (pad->input(2) != kNone && uniform(graph, pad->input(2)) != 0.0) return std::nullopt;
  const auto amounts = integers(graph, pad->input(1));
  std::vector<int64_t> pads = fused->attrs.integers("pads");
  const size_t spatial = pads.size() / 2;
  if (!amounts || amounts->size() != 2 * (spatial + 2)) return std::nullopt;
  for (const size_t side : {size_t{0}, spatial + 2}) {
    if ((*amounts)[side] != 0 || (*amounts)[side + 1] != 0) return std::nullopt;
    for (size_t i = 0; i < spatial; ++i) {
      const int64_t amount = (*amounts)[side + 2 + i];
      int64_t& total = pads[(side ? spatial : 0) + i];
      if (amount < 0 || amount > INT32_MAX || total < -INT32_MAX || total > INT32_MAX)
        return std::nullopt;
      total += amount;
    }
  }
  fused->attrs.set("pads", pads);
  fused->inputs[kData] = pad->input(0);
  Patch patch(graph);
  patch.replace(graph.node(root).output(0), add_fused(patch, *fused));
  return patch;
}

// A number for each of `channels` channels (axis 1 of a value of rank `rank`) from a constant.
std::optional<std::vector<double>> per_channel(const Tensor& constant, size_t rank,
                                               int64_t channels) {
  if (!is_real(constant.dtype()) || channels < 1 || channels > (1 << 24)) return std::nullopt;
  const Shape& shape = constant.shape();
  if (constant.elements() == 1 && shape.rank() <= rank)
    return std::vector<double>(static_cast<size_t>(channels), numbers(constant)[0]);
  if (constant.elements() != channels || shape.rank() > rank || shape.rank() + 1 < rank)
    return std::nullopt;
  const size_t axis = shape.rank() == rank ? 1 : 0;
  if (shape[axis] != channels) return std::nullopt;
  return numbers(constant);
}

struct Channels {
  size_t rank;
  int64_t count;
};
std::optional<Channels> output_channels(const Graph& graph, const Fused& conv) {
  const Shape* weight = known_shape(graph, conv.inputs[kWeight]);
  if (!weight || (*weight)[0] == Shape::kUnknown) return std::nullopt;
  return Channels{weight->rank(), (*weight)[0]};
}

// Y * factor + shift for each output channel, into weights and bias.
Result<std::optional<ValueId>> absorb_affine(const Graph& graph, Patch& patch, Fused conv,
                                             std::span<const double> factor,
                                             std::span<const double> shift) {
  const Tensor* weight = graph.constant(conv.inputs[kWeight]);
  const Tensor* bias = graph.constant(conv.inputs[kBias]);
  if (!weight || (conv.has_bias() && !bias)) return std::optional<ValueId>();
  const auto count = static_cast<int64_t>(factor.size());
  std::vector<double> sums(factor.size(), 0.0);
  if (bias) sums = numbers(*bias);
  if (sums.size() != factor.size()) return std::optional<ValueId>();
  for (size_t i = 0; i < sums.size(); ++i) sums[i] = sums[i] * factor[i] + shift[i];
  const bool scale = std::any_of(factor.begin(), factor.end(), [](double f) { return f != 1.0; });
  if (scale) {
    OARLOCK_ASSIGN(Tensor scaled_weight, scaled_rows(*weight, factor));
    conv.inputs[kWeight] =
        patch.add_constant(graph.value(conv.inputs[kWeight]).name, std::move(scaled_weight));
  }
  OARLOCK_ASSIGN(Tensor new_bias, from_numbers(weight->dtype(), Shape{count}, sums));
  conv.inputs[kBias] = patch.add_constant(concat(conv.name, "_bias"), std::move(new_bias));
  return std::optional(add_fused(patch, conv));
}

Outcome absorb_constant(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto parts = split_constant(graph, node);
  if (!parts) return std::nullopt;
  const auto conv = fused_before(graph, parts->value, root);
  if (!conv || !conv->is_conv() || !conv->is_linear()) return std::nullopt;
  const auto channels = output_channels(graph, *conv);
  if (!channels) return std::nullopt;
  const auto constant =
      per_channel(*graph.constant(parts->constant), channels->rank, channels->count);
  if (!constant) return std::nullopt;
  const bool product = is(node, "Mul");
  const std::vector<double> ones(constant->size(), 1.0), zeros(constant->size(), 0.0);
  Patch patch(graph);
  if (!product && !graph.constant(conv->inputs[kWeight]) && !conv->has_bias()) {
    // Weights computed at run time can still take a bias.
    Fused with_bias = *conv;
    OARLOCK_ASSIGN(Tensor bias,
                   from_numbers(dtype(graph, parts->constant), Shape{channels->count}, *constant));
    with_bias.inputs[kBias] = patch.add_constant(concat(conv->name, "_bias"), std::move(bias));
    patch.replace(node.output(0), add_fused(patch, with_bias));
    return patch;
  }
  OARLOCK_ASSIGN(
      const std::optional<ValueId> result,
      absorb_affine(graph, patch, *conv, product ? *constant : ones, product ? zeros : *constant));
  if (!result) return std::nullopt;
  patch.replace(node.output(0), *result);
  return patch;
}

// x * c per input channel before the convolution, into its weights.
Outcome absorb_input_scale(const Graph& graph, NodeId root) {
  auto conv = fused_from(graph.node(root));
  if (!conv || sole_user(graph, conv->inputs[kData]) != root) return std::nullopt;
  const Node* product = made_by(graph, conv->inputs[kData], "Mul");
  const Tensor* weight = graph.constant(conv->inputs[kWeight]);
  if (!product || !weight || conv->inputs[kResidual] == conv->inputs[kData]) return std::nullopt;
  const auto parts = split_constant(graph, *product);
  const Shape* input = parts ? known_shape(graph, parts->value) : nullptr;
  if (!input || input->rank() != weight->shape().rank()) return std::nullopt;
  const int64_t group = conv->attrs.integer("group", 1);
  const int64_t group_inputs = weight->shape()[1];
  const auto factor =
      per_channel(*graph.constant(parts->constant), input->rank(), group * group_inputs);
  const int64_t outputs = weight->shape()[0];
  if (!factor || group < 1 || outputs % group != 0 || outputs == 0 || weight->elements() == 0)
    return std::nullopt;
  std::vector<double> values = numbers(*weight);
  const size_t plane = values.size() / static_cast<size_t>(outputs * group_inputs);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto row = static_cast<int64_t>(i / plane);
    const int64_t channel =
        row / group_inputs / (outputs / group) * group_inputs + row % group_inputs;
    values[i] *= (*factor)[static_cast<size_t>(channel)];
  }
  OARLOCK_ASSIGN(Tensor scaled_weight, from_numbers(weight->dtype(), weight->shape(), values));
  Patch patch(graph);
  conv->inputs[kWeight] =
      patch.add_constant(graph.value(conv->inputs[kWeight]).name, std::move(scaled_weight));
  conv->inputs[kData] = parts->value;
  patch.replace(graph.node(root).output(0), add_fused(patch, *conv));
  return patch;
}

Outcome absorb_batch_norm(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.attrs.integer("training_mode", 0) != 0) return std::nullopt;
  std::vector<double> terms[4];  // scale, shift, mean, variance
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* constant = graph.constant(node.input(i + 1));
    if (!constant || !is_real(constant->dtype()) || constant->shape().rank() != 1)
      return std::nullopt;
    terms[i] = numbers(*constant);
    if (terms[i].size() != terms[0].size()) return std::nullopt;
  }
  const double epsilon = node.attrs.number("epsilon", 1e-5f);
  std::vector<double> factor(terms[0].size()), shift(terms[0].size());
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] = terms[0][i] / std::sqrt(terms[3][i] + epsilon);
    shift[i] = terms[1][i] - terms[2][i] * factor[i];
  }
  Patch patch(graph);
  const auto conv = fused_before(graph, node.input(0), root);
  if (conv && conv->is_conv() && conv->is_linear()) {
    const auto channels = output_channels(graph, *conv);
    if (!channels || channels->count != static_cast<int64_t>(factor.size())) return std::nullopt;
    OARLOCK_ASSIGN(const std::optional<ValueId> result,
                   absorb_affine(graph, patch, *conv, factor, shift));
    if (!result) return std::nullopt;
    patch.replace(node.output(0), *result);
    return patch;
  }
  return std::nullopt;
}

// BatchNormalization after a ConvTranspose of one group, whose output channels are axis 1 of the
// weights.
Outcome absorb_batch_norm_transposed(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Node* conv = made_by(graph, node.input(0), "ConvTranspose");
  if (!conv || sole_user(graph, node.input(0)) != root ||
      node.attrs.integer("training_mode", 0) != 0 || conv->attrs.integer("group", 1) != 1)
    return std::nullopt;
  const Tensor* weight = graph.constant(conv->input(1));
  const Tensor* bias = graph.constant(conv->input(2));
  if (!weight || !is_real(weight->dtype()) || (conv->input(2) != kNone && !bias))
    return std::nullopt;
  const auto channels = static_cast<size_t>(weight->shape()[1]);
  std::vector<double> terms[4];
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* constant = graph.constant(node.input(i + 1));
    if (!constant || !is_real(constant->dtype())) return std::nullopt;
    terms[i] = numbers(*constant);
    if (terms[i].size() != channels) return std::nullopt;
  }
  if (channels == 0 || weight->elements() == 0) return std::nullopt;
  const double epsilon = node.attrs.number("epsilon", 1e-5f);
  std::vector<double> sums(channels, 0.0), values = numbers(*weight);
  if (bias) sums = numbers(*bias);
  if (sums.size() != channels) return std::nullopt;
  const size_t plane = values.size() / (channels * static_cast<size_t>(weight->shape()[0]));
  std::vector<double> factor(channels);
  for (size_t i = 0; i < channels; ++i) {
    factor[i] = terms[0][i] / std::sqrt(terms[3][i] + epsilon);
    sums[i] = (sums[i] - terms[2][i]) * factor[i] + terms[1][i];
  }
  for (size_t i = 0; i < values.size(); ++i) values[i] *= factor[i / plane % channels];
  OARLOCK_ASSIGN(Tensor new_weight, from_numbers(weight->dtype(), weight->shape(), values));
  OARLOCK_ASSIGN(Tensor new_bias,
                 from_numbers(weight->dtype(), Shape{static_cast<int64_t>(channels)}, sums));
  Patch patch(graph);
  const ValueId w = patch.add_constant(graph.value(conv->input(1)).name, std::move(new_weight));
  const ValueId b = patch.add_constant(concat(conv->name, "_bias"), std::move(new_bias));
  patch.replace(node.output(0), add_copy(patch, *conv, {conv->input(0), w, b}));
  return patch;
}

}  // namespace

std::span<const Rule> fuse_convolutions_rules() {
  static const Rule rules[] = {
      {"fuse_conv", "Conv", to_fused},
      {"fuse_pad", "oarlock.Conv", absorb_pad},
      {"fuse_input_scale", "oarlock.Conv", absorb_input_scale},
      {"fuse_batch_norm", "BatchNormalization", absorb_batch_norm},
      {"fuse_batch_norm", "BatchNormalization", absorb_batch_norm_transposed},
      {"fuse_conv_scale", "Mul", absorb_constant},
      {"fuse_conv_bias", "Add", absorb_constant},
  };
  return rules;
}

}  // namespace oarlock::passes
