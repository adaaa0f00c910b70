// Transpose of any type whose elements are whole bytes.
#include "kernels/cpu/transpose.h"

#include <array>
#include <cstring>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

std::vector<int64_t> permutation(const NodeView& node) {
  std::vector<int64_t> perm = node.attrs().integers("perm");
  const int64_t rank = static_cast<int64_t>(node.input_shape(0).rank());
  if (perm.empty())
    for (int64_t i = rank; i-- > 0;) perm.push_back(i);
  return perm;
}

// Only axes of extent 1 move: the bytes stay as they are.
bool keeps_order(const NodeView& node) {
  int64_t before = -1;
  for (int64_t axis : permutation(node)) {
    if (node.input_shape(0)[static_cast<size_t>(axis)] == 1) continue;
    if (axis < before) return false;
    before = axis;
  }
  return true;
}

Result<kc::Transpose> plan_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  kc::Transpose plan;
  if (!kc::make_transpose(shape.dims(), permutation(node),
                          static_cast<int64_t>(element_bytes(node.input(0).dtype)), plan))
    return unsupported("a permutation of ", to_string(node.input(0)));
  return plan;
}

Result<KernelNeeds> match_transpose(const NodeView& node, const Device&) {
  if (!node.input(0).is_concrete() || element_bytes(node.input(0).dtype) == 0)
    return unsupported("elements of type ", node.input(0).dtype);
  KernelOption option;
  if (keeps_order(node)) {
    option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
    option.only_moves = true;
  } else {
    OARLOCK_TRY(plan_of(node).status());
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_transpose(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const size_t bytes =
      static_cast<size_t>(element_count(node.input(0))) * element_bytes(node.input(0).dtype);
  if (keeps_order(node) || bytes == 0) {
    return make_kernel([bytes](const KernelArgs& args) -> Status {
      if (bytes > 0 && args.outputs[0].data() != args.inputs[0].data())
        std::memcpy(args.outputs[0].data(), args.inputs[0].data(), bytes);
      return {};
    });
  }
  OARLOCK_ASSIGN(const kc::Transpose plan, plan_of(node));
  const double per_unit = static_cast<double>(bytes) / static_cast<double>(plan.units);
  return make_kernel([plan, per_unit, &cpu](const KernelArgs& args) -> Status {
    cpu.parallel(plan.units, grain_for(per_unit), [&](int64_t begin, int64_t end, int) {
      kc::transpose(plan, args.inputs[0].data(), args.outputs[0].data(), begin, end);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> transpose_kernels();

std::span<const KernelDef> transpose_kernels() {
  static const std::array<KernelDef, 1> list = {{
      {"Transpose", "transpose", match_transpose, create_transpose},
  }};
  return list;
}

}  // namespace oarlock::cpu
