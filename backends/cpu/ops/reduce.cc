// Reductions over neighbouring axes.
#include "kernels/cpu/reduce.h"

#include <optional>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct Named {
  const char* op;
  kc::ReduceOp function;
};
constexpr Named kReductions[] = {
    {"ReduceL1", kc::ReduceOp::l1},          {"ReduceL2", kc::ReduceOp::l2},
    {"ReduceLogSum", kc::ReduceOp::log_sum}, {"ReduceLogSumExp", kc::ReduceOp::log_sum_exp},
    {"ReduceMax", kc::ReduceOp::max},        {"ReduceMean", kc::ReduceOp::mean},
    {"ReduceMin", kc::ReduceOp::min},        {"ReduceProd", kc::ReduceOp::prod},
    {"ReduceSum", kc::ReduceOp::sum},        {"ReduceSumSquare", kc::ReduceOp::sum_square},
};

// The reduced axes [first, last).
struct Axes {
  size_t first = 0, last = 0;
};

Result<Axes> axes_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  std::vector<int64_t> wanted = node.attrs().integers("axes");
  if (node.input_count() > 1 && node.has_input(1)) {
    const Tensor* axes = node.constant(1);
    if (!axes) return unsupported("axes that are not constant");
    for (int64_t axis : axes->as<int64_t>()) wanted.push_back(axis);
  }
  std::vector<bool> reduced(shape.rank(), wanted.empty());
  if (wanted.empty() && node.attrs().integer("noop_with_empty_axes", 0) != 0)
    return unsupported("no axes");
  for (int64_t axis : wanted) {
    const auto index = normalize_axis(axis, shape.rank());
    if (!index) return unsupported("an axis outside the rank");
    reduced[*index] = true;
  }
  // Axes of extent 1 belong to either side.
  Axes axes;
  bool started = false, ended = false;
  for (size_t i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 0) return unsupported("an empty tensor");
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

KernelPtr reduce_kernel(kc::ReduceOp op, kc::ReduceShape shape, const CpuDevice& cpu) {
  return make_kernel([op, shape, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    const double work = static_cast<double>(shape.length * std::min<int64_t>(shape.inner, 256)) *
                        (op == kc::ReduceOp::log_sum_exp ? 20.0 : 1.0);
    cpu.parallel(kc::reduce_units(shape), grain_for(work),
                 [&](int64_t begin, int64_t end, int) { kc::reduce(op, shape, x, y, begin, end); });
    return {};
  });
}

Result<KernelNeeds> match_reduce(const NodeView& node, const Device&) {
  if (!is_float32(node.input(0)) || !is_float32(node.output(0)))
    return unsupported("values of type ", to_string(node.input(0)), ", not float32");
  OARLOCK_ASSIGN(const Axes axes, axes_of(node));
  const Shape& shape = node.input_shape(0);
  const Shape& result = node.output_shape(0);
  std::vector<KernelOption> options(1);
  options[0].inputs.assign(node.input_count(), Layout::row_major());
  options[0].outputs.assign(1, Layout::row_major());
  const bool spatial = may_be_blocked(shape) && axes.first >= 2 && axes.first < axes.last &&
                       extent(shape, 2, shape.rank()) == extent(shape, axes.first, axes.last);
  const bool keeps = result.rank() == shape.rank();
  if (spatial && (keeps || (has_whole_blocks(shape) && result.rank() == 2))) {
    KernelOption option = options[0];
    option.inputs[0] = blocked_layout();
    if (keeps) option.outputs[0] = blocked_layout();
    option.variant = 1;
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_reduce(const NodeView& node, const KernelOption& chosen, Device& device) {
  OARLOCK_ASSIGN(const Axes axes, axes_of(node));
  const Shape& shape = node.input_shape(0);
  kc::ReduceShape s{extent(shape, 0, axes.first), extent(shape, axes.first, axes.last),
                    extent(shape, axes.last, shape.rank())};
  if (chosen.variant == 1)
    s = {memory_elements(Shape{shape[0], shape[1], 1}, true) / kChannelBlock,
         extent(shape, 2, shape.rank()), kChannelBlock};
  for (const Named& named : kReductions)
    if (node.node().op == named.op) return reduce_kernel(named.function, s, cpu_device(device));
  return internal_error("reduction ", node.node().op);
}

Result<KernelNeeds> match_arg(const NodeView& node, const Device&) {
  if (!is_float32(node.input(0)))
    return unsupported("values of type ", to_string(node.input(0)), ", not float32");
  const Shape& shape = node.input_shape(0);
  if (!normalize_axis(node.attrs().integer("axis", 0), shape.rank()) ||
      element_count(node.input(0)) == 0)
    return unsupported("an axis outside the rank, or an empty tensor");
  return KernelNeeds();
}

Result<KernelPtr> create_arg(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const Shape& shape = node.input_shape(0);
  const size_t axis = *normalize_axis(node.attrs().integer("axis", 0), shape.rank());
  const kc::ReduceShape s{extent(shape, 0, axis), shape[axis],
                          extent(shape, axis + 1, shape.rank())};
  const bool largest = node.node().op == "ArgMax";
  const bool last = node.attrs().integer("select_last_index", 0) != 0;
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    int64_t* y = args.outputs[0].data<int64_t>();
    cpu.parallel(s.outer, grain_for(static_cast<double>(s.length * s.inner)),
                 [&](int64_t begin, int64_t end, int) {
                   kc::arg_extreme(largest, last, s, x, y, begin, end);
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> reduce_kernels();

std::span<const KernelDef> reduce_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const Named& named : kReductions)
      defs.push_back({named.op, "reduce_f32", match_reduce, create_reduce});
    defs.push_back({"ArgMax", "arg_extreme_f32", match_arg, create_arg});
    defs.push_back({"ArgMin", "arg_extreme_f32", match_arg, create_arg});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
