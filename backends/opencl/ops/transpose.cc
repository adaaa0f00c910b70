// Transpose, DepthToSpace and SpaceToDepth of any type whose elements are whole bytes.
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"

namespace oarlock::opencl {

namespace {

// The input seen with more axes, and their order in the output.
struct Permutation {
  std::vector<int64_t> extents;
  std::vector<int64_t> order;
};

Result<Permutation> permutation_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  const std::string& op = node.node().op;
  if (op == "Transpose") {
    Permutation p{memory_extents(shape, 1), node.attrs().integers("perm")};
    if (p.order.empty())
      for (size_t i = shape.rank(); i-- > 0;) p.order.push_back(static_cast<int64_t>(i));
    return p;
  }
  const int64_t b = node.attrs().integer("blocksize", 1);
  if (shape.rank() != 4 || b < 1) return unsupported("a tensor of rank ", shape.rank());
  const bool crd = node.attrs().string("mode") == "CRD";
  if (op == "SpaceToDepth") {
    Permutation p{{shape[0], shape[1], shape[2] / b, b, shape[3] / b, b}, {0, 3, 5, 1, 2, 4}};
    if (crd) p.order = {0, 1, 3, 5, 2, 4};
    return p;
  }
  const int64_t depth = shape[1] / (b * b);
  if (crd) return Permutation{{shape[0], depth, b, b, shape[2], shape[3]}, {0, 1, 4, 2, 5, 3}};
  return Permutation{{shape[0], b, b, depth, shape[2], shape[3]}, {0, 3, 4, 1, 5, 2}};
}

Result<StridedCopy> copy_of(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  if (moved_as(node.input(0).dtype).empty())
    return unsupported("elements of type ", node.input(0).dtype);
  OARLOCK_ASSIGN(const Permutation p, permutation_of(node));
  const std::vector<int64_t> strides = row_major_strides(p.extents);
  StridedCopy copy;
  for (const int64_t axis : p.order) {
    copy.extents.push_back(p.extents[static_cast<size_t>(axis)]);
    copy.from.push_back(strides[static_cast<size_t>(axis)]);
  }
  copy.to = row_major_strides(copy.extents);
  OARLOCK_TRY(expect_few_axes(copy));
  return copy;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const StridedCopy copy, copy_of(node));
  KernelOption option;
  const StridedCopy whole = simplified(copy);
  if (whole.extents.size() == 1 && whole.from[0] == 1) {
    option.sharing.push_back({Sharing::Kind::output_is_part_of_input, 0, 0, 0});
    option.only_moves = true;
  }
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const StridedCopy copy, copy_of(node));
  return copy_kernel(cl_device(device), node.input(0).dtype, copy);
}

}  // namespace

std::span<const KernelDef> transpose_kernels();

std::span<const KernelDef> transpose_kernels() {
  static const KernelDef defs[] = {{"DepthToSpace", "depth_to_space", match, create},
                                   {"SpaceToDepth", "space_to_depth", match, create},
                                   {"Transpose", "transpose", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
