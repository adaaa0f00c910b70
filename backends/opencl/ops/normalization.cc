// Layer, RMS, group, instance and batch normalization.
#include <cmath>
#include <vector>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

Result<ProgramSource> program(const ClDevice& device, DType dtype, int64_t block) {
  Defines defines;
  defines.set("WIDTH", device.traits().channel_block).set("BLOCK", block).element("REAL", dtype);
  return embedded_program("normalize", defines);
}

KernelOption in_place() {
  KernelOption option;
  option.sharing.push_back({Sharing::Kind::in_place, 0, 0, 0});
  return option;
}

// Input i, or none.
TensorRef input(const KernelArgs& args, size_t i) {
  return i < args.inputs.size() ? args.inputs[i] : TensorRef();
}

Result<size_t> layer_axis(const NodeView& node) {
  OARLOCK_TRY(expect_floats(node).status());
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("the outputs Mean and InvStdDev");
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
  if (!axis) return unsupported("an axis outside the rank");
  for (size_t i = 1; i < node.input_count(); ++i)
    if (node.has_input(i) &&
        element_count(node.input_shape(i)) != extent(shape, *axis, shape.rank()))
      return unsupported("input ", i, " of shape ", node.input_shape(i), " is broadcast");
  return *axis;
}

Result<KernelNeeds> match_layer(const NodeView& node, const Device&) {
  OARLOCK_TRY(layer_axis(node).status());
  return KernelNeeds(in_place());
}

Result<KernelPtr> create_layer(const NodeView& node, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const size_t axis, layer_axis(node));
  const Shape& shape = node.input_shape(0);
  const int64_t rows = extent(shape, 0, axis), length = extent(shape, axis, shape.rank());
  OARLOCK_ASSIGN(const ProgramSource source, program(cl, node.input(0).dtype, 1));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, "layer_norm", 4, Work::grid({rows, 1, 1}, {4, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(rows), static_cast<cl_int>(length),
                              cl_float{node.attrs().number("epsilon", 1e-5f)},
                              cl_int{node.node().op == "LayerNormalization"}));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], input(args, 1), input(args, 2), args.outputs[0]});
  });
}

// Of GroupNormalization and InstanceNormalization.
Result<int64_t> groups_of(const NodeView& node) {
  OARLOCK_TRY(expect_floats(node).status());
  const Shape& shape = node.input_shape(0);
  if (shape.rank() < 3) return unsupported("a tensor of rank ", shape.rank());
  const int64_t groups =
      node.node().op == "InstanceNormalization" ? shape[1] : node.attrs().integer("num_groups", 1);
  if (groups < 1 || shape[1] % groups != 0)
    return unsupported("groups that do not divide the channels");
  for (const size_t i : {1u, 2u})
    if (element_count(node.input_shape(i)) != shape[1])
      return unsupported("input ", i, " does not have one value per channel");
  return groups;
}

Result<KernelNeeds> match_group(const NodeView& node, const Device&) {
  OARLOCK_TRY(groups_of(node).status());
  return KernelNeeds(in_place());
}

Result<KernelPtr> create_group(const NodeView& node, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const int64_t groups, groups_of(node));
  const Shape& shape = node.input_shape(0);
  const int64_t rows = shape[0] * groups;
  OARLOCK_ASSIGN(const ProgramSource source, program(cl, node.input(0).dtype, 1));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, "group_norm", 4, Work::grid({rows, 1, 1}, {4, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(rows), static_cast<cl_int>(groups),
                              static_cast<cl_int>(shape[1] / groups),
                              static_cast<cl_int>(extent(shape, 2, shape.rank())),
                              cl_float{node.attrs().number("epsilon", 1e-5f)}));
  return launch_kernel(launch);
}

Result<KernelNeeds> match_batch(const NodeView& node, const Device& device) {
  OARLOCK_TRY(expect_floats(node).status());
  if (node.attrs().integer("training_mode", 0) != 0) return unsupported("training mode");
  for (size_t i = 1; i < node.output_count(); ++i)
    if (node.has_output(i)) return unsupported("outputs of training");
  for (size_t i = 1; i < 5; ++i)
    if (!node.constant(i)) return unsupported("input ", i, " is not constant");
  if (node.input_shape(0).rank() < 2) return unsupported("a vector");
  std::vector<KernelOption> options =
      plain_and_blocked(node, device, may_be_blocked(node.input_shape(0)), {true});
  for (KernelOption& option : options) option.sharing = in_place().sharing;
  return KernelNeeds(std::move(options));
}

// x * scale + shift by channel, in tables padded to whole blocks.
struct Affine {
  std::vector<float> scale, shift;
};

Affine affine_of(const NodeView& node, int64_t block) {
  const int64_t channels = node.input_shape(0)[1];
  Affine affine;
  affine.scale.resize(static_cast<size_t>(ceil_div(channels, block) * block));
  affine.shift = affine.scale;
  const double epsilon = node.attrs().number("epsilon", 1e-5f);
  for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
    const auto at = [&](size_t i) { return static_cast<double>(number_at(*node.constant(i), c)); };
    const double scale = at(1) / std::sqrt(at(4) + epsilon);
    affine.scale[c] = static_cast<float>(scale);
    affine.shift[c] = static_cast<float>(at(2) - at(3) * scale);
  }
  return affine;
}

Result<KernelPtr> create_batch(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  const Shape& shape = node.input_shape(0);
  const int64_t block = chosen.variant ? cl.traits().channel_block : 1;
  const int64_t blocks = ceil_div(shape[1], block), pixels = extent(shape, 2, shape.rank());
  const Affine affine = affine_of(node, block);
  OARLOCK_ASSIGN(const std::shared_ptr<Buffer> scale,
                 upload(cl, std::span<const float>(affine.scale)));
  OARLOCK_ASSIGN(const std::shared_ptr<Buffer> shift,
                 upload(cl, std::span<const float>(affine.shift)));
  OARLOCK_ASSIGN(const ProgramSource source, program(cl, node.input(0).dtype, block));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, "channel_affine", 4,
                              Work::grid({pixels, blocks, shape[0]}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(pixels), static_cast<cl_int>(blocks),
                              static_cast<cl_int>(shape[0])));
  return make_kernel([launch, scale, shift](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], args.outputs[0], TensorRef{scale.get(), 0, nullptr},
                        TensorRef{shift.get(), 0, nullptr}});
  });
}

}  // namespace

std::span<const KernelDef> normalization_kernels();

std::span<const KernelDef> normalization_kernels() {
  static const KernelDef defs[] = {
      {"BatchNormalization", "batch_norm_f32", match_batch, create_batch},
      {"GroupNormalization", "group_norm_f32", match_group, create_group},
      {"InstanceNormalization", "instance_norm_f32", match_group, create_group},
      {"LayerNormalization", "layer_norm_f32", match_layer, create_layer},
      {"RMSNormalization", "rms_norm_f32", match_layer, create_layer},
  };
  return defs;
}

}  // namespace oarlock::opencl
