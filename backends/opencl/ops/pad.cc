// Pad with a constant value: the output is filled, then what remains of the input is copied.
#include <algorithm>
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"

namespace oarlock::opencl {

namespace {

Result<std::vector<int64_t>> padded_axes(const NodeView& node) {
  std::vector<int64_t> axes;
  const size_t rank = node.input_shape(0).rank();
  if (node.input_count() > 3 && node.has_input(3)) {
    const Tensor* list = node.constant(3);
    if (!list || list->dtype() != DType::int64) return unsupported("axes that are not constant");
    for (const int64_t a : list->as<int64_t>()) {
      const auto axis = normalize_axis(a, rank);
      if (!axis) return unsupported("an axis outside the rank");
      axes.push_back(static_cast<int64_t>(*axis));
    }
  } else {
    for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
  }
  return axes;
}

// What of the input goes where; its extents may be 0 when nothing remains.
Result<StridedCopy> inside_of(const NodeView& node, int64_t block) {
  const std::string& mode = node.attrs().string("mode");
  if (!mode.empty() && mode != "constant") return unsupported("mode ", mode);
  const DType dtype = node.input(0).dtype;
  if (moved_as(dtype).empty()) return unsupported("elements of type ", dtype);
  OARLOCK_TRY(expect_tensors(node));
  const Tensor* amounts = node.constant(1);
  if (!amounts || amounts->dtype() != DType::int64)
    return unsupported("pads that are not constant");
  OARLOCK_ASSIGN(const std::vector<int64_t> axes, padded_axes(node));
  const auto pads = amounts->as<int64_t>();
  if (pads.size() != 2 * axes.size()) return unsupported("pads that do not fit the axes");
  const std::vector<int64_t> from = memory_extents(node.input_shape(0), block);
  const std::vector<int64_t> to = memory_extents(node.output_shape(0), block);
  StridedCopy copy;
  copy.extents = from;
  copy.from = row_major_strides(from);
  copy.to = row_major_strides(to);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    const int64_t before = pads[i];
    if (block > 1 && axis == 1 && (before != 0 || pads[i + axes.size()] != 0))
      return unsupported("padded channels in blocks");
    const int64_t first = std::clamp<int64_t>(-before, 0, from[axis]);
    const int64_t last = std::clamp<int64_t>(to[axis] - before, first, from[axis]);
    copy.extents[axis] = last - first;
    copy.from_start += first * copy.from[axis];
    copy.to_start += (first + before) * copy.to[axis];
  }
  OARLOCK_TRY(expect_few_axes(copy));
  return copy;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  const int64_t block = cl_device(device).traits().channel_block;
  std::vector<KernelOption> options;
  for (const bool blocked : {false, true}) {
    if (blocked && !may_be_blocked(node.input_shape(0))) continue;
    Result<StridedCopy> copy = inside_of(node, blocked ? block : 1);
    if (!copy.ok() && !blocked) return copy.status();
    if (!copy.ok()) continue;
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.outputs = {blocked ? blocked_layout(device) : Layout::row_major()};
    option.inputs[0] = option.outputs[0];
    option.variant = blocked;
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  constexpr int kWidth = 16;
  ClDevice& cl = cl_device(device);
  const int64_t block = chosen.variant ? cl.traits().channel_block : 1;
  OARLOCK_ASSIGN(const StridedCopy copy, inside_of(node, block));
  const DType dtype = node.input(0).dtype;
  int64_t count = 1, moved = 1;
  for (const int64_t e : memory_extents(node.output_shape(0), block)) count *= e;
  for (const int64_t e : copy.extents) moved *= e;
  Defines defines;
  defines.set("TYPE", moved_as(dtype)).set("WIDTH", kWidth).set("RANK", 0);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("copy", defines));
  OARLOCK_ASSIGN(const LaunchPtr fill,
                 Launch::make(cl, source, "fill", 2, Work::items(ceil_div(count, kWidth))));
  OARLOCK_TRY(fill->scalars(static_cast<cl_int>(count)));
  LaunchPtr inside;
  if (moved > 0) {
    OARLOCK_ASSIGN(inside, launch_copy(cl, dtype, copy));
  }
  const bool has_value = node.input_count() > 2 && node.has_input(2);
  return make_kernel([fill, inside, has_value](const KernelArgs& args) -> Status {
    OARLOCK_TRY(fill->run({has_value ? args.inputs[2] : TensorRef(), args.outputs[0]}));
    return inside ? inside->run({args.inputs[0], args.outputs[0]}) : Status();
  });
}

}  // namespace

std::span<const KernelDef> pad_kernels();

std::span<const KernelDef> pad_kernels() {
  static const KernelDef defs[] = {{"Pad", "pad", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
