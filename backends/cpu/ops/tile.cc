// Tile: the input repeated along its axes.
#include <array>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"
#include "backends/cpu/ops/support/strided_copy.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

// Every axis as two: the repetition, which reads the same again, and the input's own.
Result<kc::Broadcast> plan_of(const NodeView& node) {
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  if (element_bytes(node.input(0).dtype) == 0)
    return unsupported("elements of type ", node.input(0).dtype);
  const Shape own = row_major_strides(from);
  std::vector<int64_t> dims, strides;
  for (size_t i = 0; i < from.rank(); ++i) {
    dims.insert(dims.end(), {to[i] / from[i], from[i]});
    strides.insert(strides.end(), {0, from[i] == 1 ? 0 : own[i]});
  }
  kc::Broadcast plan;
  const std::array<const int64_t*, 1> inputs = {strides.data()};
  if (!kc::make_broadcast(dims, inputs, plan))
    return unsupported("more than ", kc::Broadcast::kMaxRank, " axes");
  return plan;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(plan_of(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::Broadcast plan, plan_of(node));
  const size_t bytes = element_bytes(node.input(0).dtype);
  return make_kernel([plan, bytes, &cpu](const KernelArgs& args) -> Status {
    strided_copy(plan, bytes, args.inputs[0].data(), args.outputs[0].data(), cpu);
    return {};
  });
}

}  // namespace

std::span<const KernelDef> tile_kernels();

std::span<const KernelDef> tile_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Tile", "tile", match, create}}};
  return list;
}

}  // namespace oarlock::cpu
