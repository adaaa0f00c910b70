// Slice and Expand: elements of the input picked by strides.
#include <array>
#include <optional>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"
#include "backends/cpu/ops/support/strided_copy.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct Selection {
  int64_t offset = 0;  // elements
  kc::Broadcast plan;
};

std::optional<std::vector<int64_t>> integers(const NodeView& node, size_t i) {
  const Tensor* tensor = node.constant(i);
  if (!tensor) return std::nullopt;
  std::vector<int64_t> values;
  if (tensor->dtype() == DType::int64)
    for (int64_t v : tensor->as<int64_t>()) values.push_back(v);
  else if (tensor->dtype() == DType::int32)
    for (int32_t v : tensor->as<int32_t>()) values.push_back(v);
  else
    return std::nullopt;
  return values;
}

// First index and step of every axis.
struct Range {
  int64_t first = 0, step = 1;
};
Result<std::vector<Range>> ranges_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  std::vector<Range> ranges(shape.rank());
  const auto starts = integers(node, 1);
  std::vector<int64_t> axes, steps;
  if (node.input_count() > 3 && node.has_input(3)) {
    const auto values = integers(node, 3);
    if (!values) return unsupported("axes that are not constant");
    axes = *values;
  }
  if (node.input_count() > 4 && node.has_input(4)) {
    const auto values = integers(node, 4);
    if (!values) return unsupported("steps that are not constant");
    steps = *values;
  }
  if (!starts) return unsupported("starts that are not constant");
  for (size_t i = 0; i < starts->size(); ++i) {
    const auto axis =
        normalize_axis(i < axes.size() ? axes[i] : static_cast<int64_t>(i), shape.rank());
    if (!axis) return unsupported("an axis outside the rank");
    const int64_t dim = shape[*axis];
    const int64_t step = i < steps.size() ? steps[i] : 1;
    int64_t first = (*starts)[i];
    if (first < 0) first = first < -dim ? -1 : first + dim;
    ranges[*axis] = {step > 0 ? std::clamp<int64_t>(first, 0, dim)
                              : std::clamp<int64_t>(first, 0, std::max<int64_t>(dim - 1, 0)),
                     step};
  }
  return ranges;
}

Result<Selection> slice_of(const NodeView& node, bool blocked) {
  const Shape& shape = node.input_shape(0);
  const Shape& result = node.output_shape(0);
  if (result.elements() == 0) return unsupported("an empty result");
  OARLOCK_ASSIGN(std::vector<Range> ranges, ranges_of(node));
  if (blocked) {
    // A cut of the channels at whole blocks is a cut of the blocks.
    if (ranges[1].step != 1 || ranges[1].first % kChannelBlock != 0 ||
        (result[1] % kChannelBlock != 0 && ranges[1].first + result[1] != shape[1]))
      return unsupported("channels that are not whole blocks");
    ranges[1].first /= kChannelBlock;
    ranges.push_back({0, 1});
  }
  const std::vector<int64_t> from = memory_extents(shape, blocked);
  const std::vector<int64_t> to = memory_extents(result, blocked);
  std::vector<int64_t> strides(from.size());
  Selection selection;
  int64_t stride = 1;
  for (size_t i = from.size(); i-- > 0;) {
    selection.offset += ranges[i].first * stride;
    strides[i] = stride * ranges[i].step;
    stride *= from[i];
  }
  const int64_t* inputs[] = {strides.data()};
  if (!kc::make_broadcast(to, inputs, selection.plan)) return unsupported("too many cut axes");
  return selection;
}

Result<KernelNeeds> match_slice(const NodeView& node, const Device&) {
  const DType dtype = node.input(0).dtype;
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete() || element_bytes(dtype) == 0)
    return unsupported("elements of type ", dtype);
  std::vector<KernelOption> options;
  const bool blockable =
      dtype == DType::float32 && may_be_blocked(node.input_shape(0)) && node.output_shape(0)[1] > 1;
  for (bool blocked : {false, true}) {
    if (blocked && !blockable) continue;
    Result<Selection> selection = slice_of(node, blocked);
    if (!selection.ok() && !blocked) return selection.status();
    if (!selection.ok()) continue;
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.outputs = {blocked ? blocked_layout() : Layout::row_major()};
    option.inputs[0] = option.outputs[0];
    option.variant = blocked;
    option.only_moves = true;
    if (selection->plan.rank == 1 && selection->plan.strides[0][0] == 1)
      option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0,
                                static_cast<size_t>(selection->offset) * element_bytes(dtype)});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_slice(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Selection selection, slice_of(node, is_blocked(chosen)));
  const size_t bytes = element_bytes(node.input(0).dtype);
  return make_kernel([selection, bytes, &cpu](const KernelArgs& args) -> Status {
    const std::byte* from = args.inputs[0].data() + selection.offset * static_cast<int64_t>(bytes);
    if (from != args.outputs[0].data())
      strided_copy(selection.plan, bytes, from, args.outputs[0].data(), cpu);
    return {};
  });
}

Result<kc::Broadcast> expand_of(const NodeView& node) {
  const Shape& result = node.output_shape(0);
  if (result.elements() == 0) return unsupported("an empty result");
  const auto input = broadcast_input(node.input_shape(0), result, false);
  kc::Broadcast plan;
  const int64_t* inputs[] = {input->strides.data()};
  if (!kc::make_broadcast(result.dims(), inputs, plan)) return unsupported("too many axes");
  return plan;
}

Result<KernelNeeds> match_expand(const NodeView& node, const Device&) {
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete() ||
      element_bytes(node.input(0).dtype) == 0 ||
      node.input_shape(0).rank() > node.output_shape(0).rank())
    return unsupported("elements of type ", node.input(0).dtype);
  OARLOCK_ASSIGN(const kc::Broadcast plan, expand_of(node));
  KernelOption option;
  if (plan.rank == 1 && (plan.strides[0][0] == 1 || plan.elements == 1)) {
    option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
    option.only_moves = true;
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_expand(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::Broadcast plan, expand_of(node));
  const size_t bytes = element_bytes(node.input(0).dtype);
  return make_kernel([plan, bytes, &cpu](const KernelArgs& args) -> Status {
    if (args.inputs[0].data() != args.outputs[0].data())
      strided_copy(plan, bytes, args.inputs[0].data(), args.outputs[0].data(), cpu);
    return {};
  });
}

}  // namespace

std::span<const KernelDef> slice_kernels();

std::span<const KernelDef> slice_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"Expand", "expand", match_expand, create_expand},
      {"Slice", "slice", match_slice, create_slice},
  }};
  return list;
}

}  // namespace oarlock::cpu
