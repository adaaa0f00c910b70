// Operators that only give the same elements another shape.
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"

namespace oarlock::opencl {

namespace {

// [N, C, 1, 1] in whole blocks of channels is in order already.
bool is_single_pixel(const Shape& shape, int64_t block) {
  return shape.rank() >= 3 && extent(shape, 2, shape.rank()) == 1 && shape[1] % block == 0;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  if (!node.input(0).is_concrete() || !node.output(0).is_concrete() ||
      moved_as(node.input(0).dtype).empty())
    return unsupported("elements of type ", node.input(0).dtype);
  const int64_t elements = element_count(node.input_shape(0));
  if (elements < 1 || elements > kMostElements) return unsupported(elements, " elements");
  std::vector<KernelOption> options(1);
  options[0].inputs.assign(node.input_count(), Layout::row_major());
  options[0].outputs.assign(node.output_count(), Layout::row_major());
  options[0].sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
  options[0].only_moves = true;
  const int64_t block = cl_device(device).traits().channel_block;
  if (is_single_pixel(node.input_shape(0), block)) {
    options.push_back(options[0]);
    options.back().inputs[0] = blocked_layout(device);
  }
  if (is_single_pixel(node.output_shape(0), block)) {
    options.push_back(options[0]);
    options.back().outputs[0] = blocked_layout(device);
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  return copy_kernel(cl_device(device), node.input(0).dtype,
                     {{element_count(node.input_shape(0))}, {1}, {1}});
}

}  // namespace

std::span<const KernelDef> reshape_kernels();

std::span<const KernelDef> reshape_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const char* op : {"Flatten", "Identity", "Reshape", "Squeeze", "Unsqueeze"})
      defs.push_back({op, "reshape", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::opencl
