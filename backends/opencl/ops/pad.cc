// Pad. With a constant value the output is filled, then what remains of the input is copied.
#include <algorithm>
#include <string>
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"
#include "backends/opencl/ops/support/window.h"

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

// Axes of both tensors in memory, and how many elements come before those of the input; negative
// ones are cut off.
struct Padding {
  std::vector<int64_t> from, to, before;
  std::string mode;

  bool is_constant() const { return mode == "constant"; }
};

Result<Padding> read_padding(const NodeView& node, int64_t block) {
  Padding p;
  p.mode = node.attrs().string("mode");
  if (p.mode.empty()) p.mode = "constant";
  if (p.mode != "constant" && p.mode != "reflect" && p.mode != "edge" && p.mode != "wrap")
    return unsupported("mode ", p.mode);
  const DType dtype = node.input(0).dtype;
  if (moved_as(dtype).empty()) return unsupported("elements of type ", dtype);
  OARLOCK_TRY(expect_tensors(node));
  const Tensor* amounts = node.constant(1);
  if (!amounts || amounts->dtype() != DType::int64)
    return unsupported("pads that are not constant");
  OARLOCK_ASSIGN(const std::vector<int64_t> axes, padded_axes(node));
  const auto pads = amounts->as<int64_t>();
  if (pads.size() != 2 * axes.size()) return unsupported("pads that do not fit the axes");
  p.from = memory_extents(node.input_shape(0), block);
  p.to = memory_extents(node.output_shape(0), block);
  p.before.resize(p.from.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    if (block > 1 && axis == 1 && (pads[i] != 0 || pads[i + axes.size()] != 0))
      return unsupported("padded channels in blocks");
    p.before[axis] = pads[i];
  }
  return p;
}

// What of the input goes where; its extents may be 0 when nothing remains.
StridedCopy inside_of(const Padding& p) {
  StridedCopy copy;
  copy.extents = p.from;
  copy.from = row_major_strides(p.from);
  copy.to = row_major_strides(p.to);
  for (size_t axis = 0; axis < p.from.size(); ++axis) {
    const int64_t first = std::clamp<int64_t>(-p.before[axis], 0, p.from[axis]);
    const int64_t last = std::clamp<int64_t>(p.to[axis] - p.before[axis], first, p.from[axis]);
    copy.extents[axis] = last - first;
    copy.from_start += first * copy.from[axis];
    copy.to_start += (first + p.before[axis]) * copy.to[axis];
  }
  return copy;
}

// The same with neighbouring axes that keep their extents joined.
Padding joined(const Padding& p) {
  Padding j;
  j.mode = p.mode;
  bool kept = false;
  for (size_t i = 0; i < p.from.size(); ++i) {
    const bool keeps = p.before[i] == 0 && p.from[i] == p.to[i];
    if (kept && keeps) {
      j.from.back() *= p.from[i];
      j.to.back() *= p.from[i];
    } else {
      j.from.push_back(p.from[i]);
      j.to.push_back(p.to[i]);
      j.before.push_back(p.before[i]);
    }
    kept = keeps;
  }
  if (j.from.empty()) j.from = j.to = {1}, j.before = {0};
  return j;
}

constexpr size_t kOuterAxes = 8;

Status expect_few_axes(const Padding& p) {
  if (p.is_constant()) return expect_few_axes(inside_of(p));
  const size_t axes = joined(p).from.size();
  return axes > kOuterAxes + 1 ? unsupported(axes, " axes that are padded differently") : Status();
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  const int64_t block = cl_device(device).traits().channel_block;
  std::vector<KernelOption> options;
  for (const bool blocked : {false, true}) {
    if (blocked && !may_be_blocked(node.input_shape(0))) continue;
    const Result<Padding> padding = read_padding(node, blocked ? block : 1);
    const Status status = padding.ok() ? expect_few_axes(*padding) : padding.status();
    if (!status.ok() && !blocked) return status;
    if (!status.ok()) continue;
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.outputs = {blocked ? blocked_layout(device) : Layout::row_major()};
    option.inputs[0] = option.outputs[0];
    option.variant = blocked;
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

cl_int8 eight(const std::vector<int64_t>& values) {
  cl_int8 packed = {};
  for (size_t i = 0; i + 1 < values.size(); ++i) packed.s[i] = static_cast<cl_int>(values[i]);
  return packed;
}

// What is added comes from the input.
Result<KernelPtr> create_from_within(ClDevice& device, DType dtype, const Padding& padding) {
  const Padding p = joined(padding);
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < p.to.size(); ++i) rows *= p.to[i];
  Defines defines;
  defines.set("TYPE", moved_as(dtype))
      .set("SOURCE(at, extent)", concat(p.mode, "(at, extent)"))
      .set("RANK", static_cast<int64_t>(p.to.size()) - 1);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("pad", defines));
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(device, source, "pad", 2,
                                                Work::grid({p.to.back(), rows, 1}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(rows), pair(p.from.back(), p.to.back()),
                              static_cast<cl_int>(p.before.back()), eight(p.from), eight(p.to),
                              eight(p.before)));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], args.outputs[0]});
  });
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  constexpr int kWidth = 16;
  ClDevice& cl = cl_device(device);
  const int64_t block = chosen.variant ? cl.traits().channel_block : 1;
  OARLOCK_ASSIGN(const Padding padding, read_padding(node, block));
  const DType dtype = node.input(0).dtype;
  if (!padding.is_constant()) return create_from_within(cl, dtype, padding);
  const StridedCopy copy = inside_of(padding);
  int64_t count = 1, moved = 1;
  for (const int64_t e : padding.to) count *= e;
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
