// Slice and Expand: elements of the input picked by strides.
#include <algorithm>
#include <optional>
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"

namespace oarlock::opencl {

namespace {

struct Range {
  int64_t first = 0, step = 1;
};

// Elements of constant input i; empty when omitted. An error when it is not constant.
Result<std::vector<int64_t>> integers(const NodeView& node, size_t i) {
  std::vector<int64_t> values;
  if (i >= node.input_count() || !node.has_input(i)) return values;
  const Tensor* tensor = node.constant(i);
  if (tensor != nullptr && tensor->dtype() == DType::int64)
    for (const int64_t v : tensor->as<int64_t>()) values.push_back(v);
  else if (tensor != nullptr && tensor->dtype() == DType::int32)
    for (const int32_t v : tensor->as<int32_t>()) values.push_back(v);
  else
    return unsupported("input ", i, " is not constant");
  return values;
}

// By axis.
Result<std::vector<Range>> ranges_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  std::vector<Range> ranges(shape.rank());
  OARLOCK_ASSIGN(const std::vector<int64_t> starts, integers(node, 1));
  OARLOCK_ASSIGN(const std::vector<int64_t> axes, integers(node, 3));
  OARLOCK_ASSIGN(const std::vector<int64_t> steps, integers(node, 4));
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis =
        normalize_axis(i < axes.size() ? axes[i] : static_cast<int64_t>(i), shape.rank());
    if (!axis) return unsupported("an axis outside the rank");
    const int64_t dim = shape[*axis], step = i < steps.size() ? steps[i] : 1;
    int64_t first = starts[i];
    if (first < 0) first = first < -dim ? -1 : first + dim;
    // One element is taken whatever the step.
    ranges[*axis] = {std::clamp<int64_t>(first, 0, step > 0 ? dim : dim - 1),
                     node.output_shape(0)[*axis] == 1 ? 1 : step};
  }
  return ranges;
}

Result<StridedCopy> slice_of(const NodeView& node, int64_t block) {
  const Shape& shape = node.input_shape(0);
  const Shape& result = node.output_shape(0);
  OARLOCK_ASSIGN(std::vector<Range> ranges, ranges_of(node));
  if (block > 1) {
    // A cut of the channels at whole blocks is a cut of the blocks.
    if (ranges[1].step != 1 || ranges[1].first % block != 0 ||
        (result[1] % block != 0 && ranges[1].first + result[1] != shape[1]))
      return unsupported("channels that are not whole blocks");
    ranges[1].first /= block;
    ranges.push_back({0, 1});
  }
  StridedCopy copy;
  copy.extents = memory_extents(result, block);
  copy.to = row_major_strides(copy.extents);
  copy.from = row_major_strides(memory_extents(shape, block));
  for (size_t i = 0; i < ranges.size(); ++i) {
    copy.from_start += ranges[i].first * copy.from[i];
    copy.from[i] *= ranges[i].step;
  }
  OARLOCK_TRY(expect_few_axes(copy));
  return copy;
}

Result<StridedCopy> expand_of(const NodeView& node) {
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  if (from.rank() > to.rank()) return unsupported("an input of higher rank than the output");
  StridedCopy copy;
  copy.extents = memory_extents(to, 1);
  copy.to = row_major_strides(copy.extents);
  std::vector<int64_t> own(to.rank() - from.rank(), 1);
  own.insert(own.end(), from.begin(), from.end());
  copy.from = row_major_strides(own, true);
  OARLOCK_TRY(expect_few_axes(copy));
  return copy;
}

Result<StridedCopy> read_node(const NodeView& node, int64_t block) {
  const DType dtype = node.input(0).dtype;
  if (moved_as(dtype).empty()) return unsupported("elements of type ", dtype);
  for (const TypeInfo& type : {node.input(0), node.output(0)})
    if (!type.is_concrete() || element_count(type.shape) < 1 ||
        element_count(type.shape) > kMostElements)
      return unsupported("a tensor of type ", to_string(type));
  return node.node().op == "Slice" ? slice_of(node, block) : expand_of(node);
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  const int64_t block = cl_device(device).traits().channel_block;
  const bool slices = node.node().op == "Slice";
  std::vector<KernelOption> options;
  for (const bool blocked : {false, true}) {
    if (blocked && !(slices && may_be_blocked(node.input_shape(0)) && node.output_shape(0)[1] > 1))
      continue;
    Result<StridedCopy> copy = read_node(node, blocked ? block : 1);
    if (!copy.ok() && !blocked) return copy.status();
    if (!copy.ok()) continue;
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.outputs = {blocked ? blocked_layout(device) : Layout::row_major()};
    option.inputs[0] = option.outputs[0];
    option.variant = blocked;
    option.only_moves = true;
    const StridedCopy whole = simplified(*copy);
    if (whole.extents.size() == 1 && whole.from[0] == 1)
      option.sharing.push_back(
          {Sharing::Kind::output_is_part_of_input, 0, 0,
           static_cast<size_t>(whole.from_start) * (bits(node.input(0).dtype) / 8)});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const StridedCopy copy,
                 read_node(node, chosen.variant ? cl.traits().channel_block : 1));
  return copy_kernel(cl, node.input(0).dtype, copy);
}

}  // namespace

std::span<const KernelDef> slice_kernels();

std::span<const KernelDef> slice_kernels() {
  static const KernelDef defs[] = {{"Expand", "expand", match, create},
                                   {"Slice", "slice", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
