// DepthToSpace and SpaceToDepth: transpositions of the input seen with six axes.
#include <array>

#include "backends/cpu/ops/support/element_layout.h"
#include "kernels/cpu/transpose.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;
using Axes = std::array<int64_t, 6>;

Result<kc::Transpose> plan_of(const NodeView& node) {
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  const int64_t b = node.attrs().integer("blocksize", 1);
  const bool depth_first = node.attrs().string("mode") == "CRD";
  Axes dims, order;
  if (node.node().op == "DepthToSpace") {
    dims = depth_first ? Axes{x[0], y[1], b, b, x[2], x[3]} : Axes{x[0], b, b, y[1], x[2], x[3]};
    order = depth_first ? Axes{0, 1, 4, 2, 5, 3} : Axes{0, 3, 4, 1, 5, 2};
  } else {
    dims = {x[0], x[1], y[2], b, y[3], b};
    order = depth_first ? Axes{0, 1, 3, 5, 2, 4} : Axes{0, 3, 5, 1, 2, 4};
  }
  kc::Transpose plan;
  if (!kc::make_transpose(dims, order, static_cast<int64_t>(element_bytes(node.input(0).dtype)),
                          plan))
    return unsupported("elements of type ", node.input(0).dtype);
  return plan;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(plan_of(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::Transpose plan, plan_of(node));
  const double bytes = static_cast<double>(element_count(node.input(0)) * plan.element_size);
  const int64_t grain = grain_for(bytes / static_cast<double>(plan.units));
  return make_kernel([plan, grain, &cpu](const KernelArgs& args) -> Status {
    cpu.parallel(plan.units, grain, [&](int64_t begin, int64_t end, int) {
      kc::transpose(plan, args.inputs[0].data(), args.outputs[0].data(), begin, end);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> depth_to_space_kernels();

std::span<const KernelDef> depth_to_space_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"DepthToSpace", "depth_to_space", match, create},
      {"SpaceToDepth", "space_to_depth", match, create},
  }};
  return list;
}

}  // namespace oarlock::cpu
