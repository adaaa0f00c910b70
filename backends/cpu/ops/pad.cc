// Pad with a constant value, or with elements of the input.
#include <array>
#include <cstring>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

// Rows of the output: inner `copied` floats come from the input at a distance, others are padding.
struct Pad {
  std::vector<int64_t> before, from, to;  // by memory axis; negative `before` cuts
  int64_t rows = 0;
};

bool is_constant(const NodeView& node) {
  const std::string& mode = node.attrs().string("mode");
  return mode.empty() || mode == "constant";
}

Result<Pad> pad_of(const NodeView& node, bool blocked) {
  if (!is_float32(node.input(0))) return unsupported("elements of type ", node.input(0).dtype);
  const Tensor* amounts = node.constant(1);
  if (!amounts || amounts->dtype() != DType::int64)
    return unsupported("pads that are not constant");
  const Shape& shape = node.input_shape(0);
  std::vector<size_t> axes;
  if (node.input_count() > 3 && node.has_input(3)) {
    const Tensor* list = node.constant(3);
    if (!list || list->dtype() != DType::int64) return unsupported("axes that are not constant");
    for (int64_t a : list->as<int64_t>()) {
      const auto axis = normalize_axis(a, shape.rank());
      if (!axis) return unsupported("an axis outside the rank");
      axes.push_back(*axis);
    }
  } else {
    for (size_t i = 0; i < shape.rank(); ++i) axes.push_back(i);
  }
  const auto pads = amounts->as<int64_t>();
  if (pads.size() != 2 * axes.size()) return unsupported("pads that do not fit the axes");
  if (node.output_shape(0).elements() == 0 || shape.elements() == 0)
    return unsupported("no elements");
  Pad pad;
  pad.from = memory_extents(shape, blocked);
  pad.to = memory_extents(node.output_shape(0), blocked);
  pad.before.assign(pad.from.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    if (blocked && axes[i] == 1 && (pads[i] != 0 || pads[i + axes.size()] != 0))
      return unsupported("padded channels in NCHW16c");
    pad.before[axes[i]] = pads[i];
  }
  pad.rows = 1;
  for (size_t i = 0; i + 1 < pad.to.size(); ++i) pad.rows *= pad.to[i];
  return pad;
}

Result<KernelNeeds> match_pad(const NodeView& node, const Device&) {
  if (!is_constant(node)) return unsupported("mode ", node.attrs().string("mode"));
  std::vector<KernelOption> options;
  for (bool blocked : {false, true}) {
    if (blocked && !may_be_blocked(node.input_shape(0))) continue;
    Result<Pad> pad = pad_of(node, blocked);
    if (!pad.ok() && !blocked) return pad.status();
    if (!pad.ok()) continue;
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.outputs = {blocked ? blocked_layout() : Layout::row_major()};
    option.inputs[0] = option.outputs[0];
    option.variant = blocked;
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_pad(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(Pad pad, pad_of(node, is_blocked(chosen)));
  const bool has_value = node.input_count() > 2 && node.has_input(2);
  return make_kernel([pad = std::move(pad), has_value, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    const float value = has_value ? args.inputs[2].data<const float>()[0] : 0.0f;
    const size_t last = pad.to.size() - 1;
    const int64_t row = pad.to[last];
    const int64_t first = std::clamp<int64_t>(pad.before[last], 0, row);
    const int64_t end_copied = std::clamp<int64_t>(pad.before[last] + pad.from[last], first, row);
    cpu.parallel(pad.rows, grain_for(static_cast<double>(row)),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t r = begin; r < end; ++r) {
                     int64_t rest = r, offset = 0, stride = pad.from[last];
                     bool inside = true;
                     for (size_t axis = last; axis-- > 0;) {
                       const int64_t i = rest % pad.to[axis] - pad.before[axis];
                       rest /= pad.to[axis];
                       inside = inside && i >= 0 && i < pad.from[axis];
                       offset += i * stride;
                       stride *= pad.from[axis];
                     }
                     float* to = y + r * row;
                     if (!inside) {
                       std::fill(to, to + row, value);
                       continue;
                     }
                     std::fill(to, to + first, value);
                     std::memcpy(to + first, x + offset + first - pad.before[last],
                                 static_cast<size_t>(end_copied - first) * sizeof(float));
                     std::fill(to + end_copied, to + row, value);
                   }
                 });
    return {};
  });
}

// Where element `at` of a padded axis comes from.
int64_t source_of(int64_t at, int64_t extent, const std::string& mode) {
  if (mode == "edge") return std::clamp<int64_t>(at, 0, extent - 1);
  if (mode == "wrap") return (at % extent + extent) % extent;
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1), phase = (at % period + period) % period;
  return std::min(phase, period - phase);
}

// Of every axis but the last the distance of each index, of the last the index.
struct Sources {
  std::vector<std::vector<int64_t>> axes;
  int64_t rows = 0;
};

Result<KernelNeeds> match_sources(const NodeView& node, const Device&) {
  if (is_constant(node)) return unsupported("a constant");
  OARLOCK_ASSIGN(const Pad pad, pad_of(node, false));
  if (pad.to.empty()) return unsupported("a scalar");
  return KernelNeeds();
}

Result<KernelPtr> create_sources(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Pad pad, pad_of(node, false));
  Sources sources{std::vector<std::vector<int64_t>>(pad.to.size()), pad.rows};
  int64_t stride = 1;
  for (size_t axis = pad.to.size(); axis-- > 0;) {
    for (int64_t i = 0; i < pad.to[axis]; ++i)
      sources.axes[axis].push_back(
          stride * source_of(i - pad.before[axis], pad.from[axis], node.attrs().string("mode")));
    stride *= pad.from[axis];
  }
  return make_kernel([sources = std::move(sources), &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    const size_t last = sources.axes.size() - 1;
    const std::vector<int64_t>& inner = sources.axes[last];
    const auto row = static_cast<int64_t>(inner.size());
    cpu.parallel(sources.rows, grain_for(static_cast<double>(row)),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t r = begin; r < end; ++r) {
                     int64_t rest = r, offset = 0;
                     for (size_t axis = last; axis-- > 0;) {
                       const std::vector<int64_t>& distances = sources.axes[axis];
                       const auto count = static_cast<int64_t>(distances.size());
                       offset += distances[static_cast<size_t>(rest % count)];
                       rest /= count;
                     }
                     float* to = y + r * row;
                     for (int64_t i = 0; i < row; ++i)
                       to[i] = x[offset + inner[static_cast<size_t>(i)]];
                   }
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> pad_kernels();

std::span<const KernelDef> pad_kernels() {
  static const std::array<KernelDef, 2> list = {
      {{"Pad", "pad_f32", match_pad, create_pad},
       {"Pad", "pad_f32_from_input", match_sources, create_sources}}};
  return list;
}

}  // namespace oarlock::cpu
