#include <array>

#include "oarlock/plugin/kernel.h"

namespace oarlock::null {

namespace {

// Says which nodes the kernel takes and what it needs; a refusal says why.
Result<KernelNeeds> match(const NodeView& node, const Device&) {
  if (node.input(0).dtype != DType::float32) return unsupported("needs float32");
  KernelOption option;
  option.sharing = {{Sharing::Kind::in_place, 0, 0}};
  return KernelNeeds(option);
}

// Called once for a plan. What run() needs is kept in the lambda; run() itself allocates nothing.
Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device&) {
  const int64_t count = node.output_shape(0).elements().value_or(0);
  return make_kernel([count](const KernelArgs& args) -> Status {
    const float* from = args.inputs[0].data<const float>();
    float* to = args.outputs[0].data<float>();
    for (int64_t i = 0; i < count; ++i) to[i] = from[i] < 0 ? 0 : from[i];
    return {};
  });
}

}  // namespace

std::span<const KernelDef> relu_kernels() {
  static const std::array<KernelDef, 1> kernels = {{{"Relu", "relu_f32", match, create}}};
  return kernels;
}

}  // namespace oarlock::null
