// Cast of elements of 8 bits to float32.
#include <array>

#include "backends/xrt/ops/support/nodes.h"
#include "kernels/fpga/convert.h"

namespace oarlock::xrt {

namespace {

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_tensors(node));
  const DType from = node.input(0).dtype, to = node.output(0).dtype;
  if (to != DType::float32 ||
      (from != DType::uint8 && from != DType::int8 && from != DType::boolean))
    return unsupported("from ", from, " to ", to);
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(xrt_device(device), "convert", {tensor(0, 1), Launch::Argument(), tensor(1)}));
  Parameters p(CONVERT_WORDS);
  p.set(CONVERT_COUNT, element_count(node.input_shape(0)));
  p.set(CONVERT_SIGNED, int64_t{node.input(0).dtype == DType::int8});
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> cast_kernels();

std::span<const KernelDef> cast_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Cast", "convert_8_bits", match, create}}};
  return list;
}

}  // namespace oarlock::xrt
