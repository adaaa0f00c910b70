// Reductions over neighbouring axes, and global pooling, which is one.
#include <algorithm>
#include <vector>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

struct Named {
  const char* op;
  const char *start, *add, *lanes, *finish;
};
#define OARLOCK_SUM "sum_of_lanes(v)"
constexpr Named kReductions[] = {
    {"GlobalAveragePool", "0.0f", "((all) + (v))", OARLOCK_SUM, "((all) / (n))"},
    {"GlobalMaxPool", "-INFINITY", "fmax(all, v)", "max_of_lanes(v)", "(all)"},
    {"ReduceL1", "0.0f", "((all) + fabs(v))", OARLOCK_SUM, "(all)"},
    {"ReduceL2", "0.0f", "((all) + (v) * (v))", OARLOCK_SUM, "sqrt(all)"},
    {"ReduceLogSum", "0.0f", "((all) + (v))", OARLOCK_SUM, "log(all)"},
    {"ReduceMax", "-INFINITY", "fmax(all, v)", "max_of_lanes(v)", "(all)"},
    {"ReduceMean", "0.0f", "((all) + (v))", OARLOCK_SUM, "((all) / (n))"},
    {"ReduceMin", "INFINITY", "fmin(all, v)", "(-max_of_lanes(-(v)))", "(all)"},
    {"ReduceSum", "0.0f", "((all) + (v))", OARLOCK_SUM, "(all)"},
    {"ReduceSumSquare", "0.0f", "((all) + (v) * (v))", OARLOCK_SUM, "(all)"},
};
#undef OARLOCK_SUM

// The reduced axes [first, last).
struct Axes {
  size_t first = 0, last = 0;
};

Result<std::vector<bool>> reduced_axes(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  std::vector<bool> reduced(shape.rank(), false);
  if (node.node().op.starts_with("Global")) {
    if (shape.rank() < 3) return unsupported("needs an input of at least 3 dimensions");
    std::fill(reduced.begin() + 2, reduced.end(), true);
    return reduced;
  }
  std::vector<int64_t> wanted = node.attrs().integers("axes");
  if (node.input_count() > 1 && node.has_input(1)) {
    const Tensor* axes = node.constant(1);
    if (!axes || axes->dtype() != DType::int64) return unsupported("axes that are not constant");
    for (const int64_t axis : axes->as<int64_t>()) wanted.push_back(axis);
  }
  if (wanted.empty() && node.attrs().integer("noop_with_empty_axes", 0) != 0)
    return unsupported("no axes");
  if (wanted.empty()) reduced.assign(shape.rank(), true);
  for (const int64_t axis : wanted) {
    const auto index = normalize_axis(axis, shape.rank());
    if (!index) return unsupported("an axis outside the rank");
    reduced[*index] = true;
  }
  return reduced;
}

Result<Axes> axes_of(const NodeView& node) {
  const DType dtype = node.input(0).dtype;
  if (!node.input(0).is_concrete() || (dtype != DType::float32 && dtype != DType::float16) ||
      node.output(0).dtype != dtype)
    return unsupported("values of type ", to_string(node.input(0)));
  const Shape& shape = node.input_shape(0);
  const int64_t elements = element_count(shape);
  if (elements < 1 || elements > kMostElements) return unsupported(elements, " elements");
  OARLOCK_ASSIGN(const std::vector<bool> reduced, reduced_axes(node));
  // Axes of extent 1 belong to either side.
  Axes axes;
  bool started = false, ended = false;
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    if (reduced[i] && ended) return unsupported("reduced axes that are not neighbours");
    if (reduced[i]) {
      if (!started) axes.first = i;
      started = true;
      axes.last = i + 1;
    } else {
      ended = started;
    }
  }
  return axes;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Axes axes, axes_of(node));
  const Shape &shape = node.input_shape(0), &result = node.output_shape(0);
  std::vector<KernelOption> options(1);
  options[0].inputs.assign(node.input_count(), Layout::row_major());
  options[0].outputs.assign(1, Layout::row_major());
  const bool spatial = may_be_blocked(shape) && axes.first >= 2 && axes.first < axes.last &&
                       extent(shape, 2, shape.rank()) == extent(shape, axes.first, axes.last);
  const bool keeps = result.rank() == shape.rank();
  const bool whole = spatial && shape[1] % cl_device(device).traits().channel_block == 0;
  if (spatial && (keeps || (whole && result.rank() == 2))) {
    KernelOption option = options[0];
    option.inputs[0] = blocked_layout(device);
    if (keeps) option.outputs[0] = blocked_layout(device);
    option.variant = 1;
    options.insert(options.begin(), std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const Axes axes, axes_of(node));
  const Shape& shape = node.input_shape(0);
  const int block = cl.traits().channel_block;
  int64_t outer = extent(shape, 0, axes.first), length = extent(shape, axes.first, axes.last),
          inner = extent(shape, axes.last, shape.rank());
  if (chosen.variant) {
    outer = shape[0] * ceil_div(shape[1], block);
    length = extent(shape, 2, shape.rank());
    inner = block;
  }
  const bool along = inner == 1;
  const int64_t width = along || inner % block == 0 ? block : 1;
  Defines defines;
  defines.set("WIDTH", width).element("REAL", node.input(0).dtype);
  if (along) defines.set("ALONG");
  for (const Named& named : kReductions)
    if (node.node().op == named.op)
      defines.set("START", named.start)
          .set("ADD(T, all, v)", named.add)
          .set("JOIN_LANES(v)", named.lanes)
          .set("FINISH(T, all, n)", named.finish);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("reduce", defines));
  const Work work = along ? Work::grid({outer, 1, 1}, {4, 1, 1})
                          : Work::grid({inner / width, outer, 1}, {4, 4, 1});
  OARLOCK_ASSIGN(const LaunchPtr launch, Launch::make(cl, source, "reduce", 2, work));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(outer), static_cast<cl_int>(length),
                              static_cast<cl_int>(inner)));
  return make_kernel([launch](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], args.outputs[0]});
  });
}

}  // namespace

std::span<const KernelDef> reduce_kernels();

std::span<const KernelDef> reduce_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const Named& named : kReductions) defs.push_back({named.op, "reduce_f32", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::opencl
