// Layer, RMS, group, instance and batch normalization.
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"
#include "kernels/cpu/normalize.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

Result<kc::LayerNorm> layer_norm_of(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("the outputs Mean and InvStdDev");
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
  if (!axis) return unsupported("an axis outside the rank");
  kc::LayerNorm norm;
  norm.width = extent(shape, *axis, shape.rank());
  norm.epsilon = node.attrs().number("epsilon", 1e-5f);
  norm.center = node.node().op == "LayerNormalization";
  for (size_t i = 1; i < node.input_count(); ++i)
    if (node.has_input(i) && element_count(node.input(i)) != norm.width)
      return unsupported("input ", i, " of shape ", node.input_shape(i), " is broadcast");
  if (norm.width == 0) return unsupported("an empty axis");
  return norm;
}

Result<KernelNeeds> match_layer_norm(const NodeView& node, const Device&) {
  OARLOCK_TRY(layer_norm_of(node).status());
  return KernelNeeds(in_place({0}));
}

Result<KernelPtr> create_layer_norm(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::LayerNorm norm, layer_norm_of(node));
  const int64_t rows = element_count(node.input(0)) / norm.width;
  const bool bias = node.input_count() > 2 && node.has_input(2);
  return make_kernel([norm, rows, bias, &cpu](const KernelArgs& args) -> Status {
    kc::LayerNorm bound = norm;
    bound.scale = args.inputs[1].data<const float>();
    if (bias) bound.bias = args.inputs[2].data<const float>();
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(rows, grain_for(static_cast<double>(norm.width)),
                 [&](int64_t begin, int64_t end, int) {
                   kc::layer_norm(bound, x, nullptr, nullptr, y, begin, end);
                 });
    return {};
  });
}

Result<kc::GroupNorm> group_norm_of(const NodeView& node) {
  OARLOCK_TRY(expect_float32(node));
  const Shape& shape = node.input_shape(0);
  if (shape.rank() < 3) return unsupported("a tensor of rank ", shape.rank());
  kc::GroupNorm norm;
  norm.groups =
      node.node().op == "InstanceNormalization" ? shape[1] : node.attrs().integer("num_groups", 1);
  if (norm.groups < 1 || shape[1] % norm.groups != 0)
    return unsupported("groups that do not divide the channels");
  norm.channels = shape[1] / norm.groups;
  norm.inner = extent(shape, 2, shape.rank());
  norm.epsilon = node.attrs().number("epsilon", 1e-5f);
  for (size_t i : {1u, 2u})
    if (element_count(node.input(i)) != shape[1])
      return unsupported("input ", i, " does not have one value per channel");
  if (norm.channels * norm.inner == 0) return unsupported("an empty group");
  return norm;
}

Result<KernelNeeds> match_group_norm(const NodeView& node, const Device&) {
  OARLOCK_TRY(group_norm_of(node).status());
  return KernelNeeds(in_place({0}));
}

Result<KernelPtr> create_group_norm(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::GroupNorm norm, group_norm_of(node));
  const int64_t units = node.input_shape(0)[0] * norm.groups;
  return make_kernel([norm, units, &cpu](const KernelArgs& args) -> Status {
    kc::GroupNorm bound = norm;
    bound.scale = args.inputs[1].data<const float>();
    bound.bias = args.inputs[2].data<const float>();
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(units, grain_for(static_cast<double>(norm.channels * norm.inner)),
                 [&](int64_t begin, int64_t end, int) { kc::group_norm(bound, x, y, begin, end); });
    return {};
  });
}

// act(x * scale[c] + shift[c]) in either layout.
struct ChannelTables {
  kc::ChannelAffine affine;
  int64_t rows = 0;
  std::vector<float> scale, shift;  // padded with zeros to whole blocks
};

Result<KernelNeeds> match_batch_norm(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_float32(node));
  if (node.attrs().integer("training_mode", 0) != 0) return unsupported("training mode");
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("outputs of training");
  for (size_t i = 1; i < 5; ++i)
    if (!node.constant(i)) return unsupported("input ", i, " is not constant");
  if (node.input_shape(0).rank() < 2) return unsupported("a vector");
  std::vector<KernelOption> options =
      plain_and_blocked(node, may_be_blocked(node.input_shape(0)), {true});
  for (KernelOption& option : options) option.sharing.push_back({Sharing::Kind::in_place, 0, 0, 0});
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_batch_norm(const NodeView& node, const KernelOption& chosen,
                                    Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const Shape& shape = node.input_shape(0);
  const bool blocked = is_blocked(chosen);
  const int64_t channels = shape[1];
  auto tables = std::make_shared<ChannelTables>();
  tables->affine.block = blocked ? kChannelBlock : 1;
  tables->affine.blocks = blocked ? (channels + kChannelBlock - 1) / kChannelBlock : channels;
  tables->affine.inner = extent(shape, 2, shape.rank());
  tables->rows = shape[0] * tables->affine.blocks;
  tables->scale.assign(static_cast<size_t>(tables->affine.blocks * tables->affine.block), 0.0f);
  tables->shift = tables->scale;
  const double epsilon = node.attrs().number("epsilon", 1e-5f);
  for (int64_t c = 0; c < channels; ++c) {
    const auto at = [&](size_t i) {
      return static_cast<double>(node.constant(i)->as<float>()[static_cast<size_t>(c)]);
    };
    const double scale = at(1) / std::sqrt(at(4) + epsilon);
    tables->scale[static_cast<size_t>(c)] = static_cast<float>(scale);
    tables->shift[static_cast<size_t>(c)] = static_cast<float>(at(2) - at(3) * scale);
  }
  if (node.node().op == "BatchNormRelu")
    tables->affine.activation.kind = kc::Activation::Kind::relu;
  tables->affine.scale = tables->scale.data();
  tables->affine.shift = tables->shift.data();
  return make_kernel([tables, &cpu](const KernelArgs& args) -> Status {
    const kc::ChannelAffine& affine = tables->affine;
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(
        tables->rows, grain_for(static_cast<double>(affine.block * affine.inner)),
        [&](int64_t begin, int64_t end, int) { kc::channel_affine(affine, x, y, begin, end); });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> normalization_kernels();

std::span<const KernelDef> normalization_kernels() {
  static const std::array<KernelDef, 6> list = {{
      {"BatchNormalization", "batch_norm_f32", match_batch_norm, create_batch_norm},
      {"oarlock.cpu.BatchNormRelu", "batch_norm_f32", match_batch_norm, create_batch_norm},
      {"GroupNormalization", "group_norm_f32", match_group_norm, create_group_norm},
      {"InstanceNormalization", "instance_norm_f32", match_group_norm, create_group_norm},
      {"LayerNormalization", "layer_norm_f32", match_layer_norm, create_layer_norm},
      {"RMSNormalization", "rms_norm_f32", match_layer_norm, create_layer_norm},
  }};
  return list;
}

}  // namespace oarlock::cpu
