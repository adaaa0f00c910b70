// Gather: slices picked along one axis by a tensor of indices.
#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

struct Gather {
  int64_t outer = 1, length = 1, count = 1, inner = 1;
};

Result<Gather> gather_of(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), shape.rank());
  if (moved_as(node.input(0).dtype).empty())
    return unsupported("elements of type ", node.input(0).dtype);
  if (!axis) return unsupported("an axis outside the rank");
  if (node.input(1).dtype != DType::int64 && node.input(1).dtype != DType::int32)
    return unsupported("indices of type ", node.input(1).dtype);
  return Gather{extent(shape, 0, *axis), shape[*axis], element_count(node.input_shape(1)),
                extent(shape, *axis + 1, shape.rank())};
}

// Indices that are not known when planning could lie outside the axis, which a device cannot
// report.
Status check_indices(const NodeView& node, const Gather& gather) {
  const Tensor* indices = node.constant(1);
  if (indices == nullptr) return {};
  const auto check = [&](int64_t index) {
    return index < -gather.length || index >= gather.length
               ? unsupported("index ", index, " outside an axis of extent ", gather.length)
               : Status();
  };
  if (indices->dtype() == DType::int64)
    for (const int64_t index : indices->as<int64_t>()) OARLOCK_TRY(check(index));
  else
    for (const int32_t index : indices->as<int32_t>()) OARLOCK_TRY(check(index));
  return {};
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Gather gather, gather_of(node));
  OARLOCK_TRY(check_indices(node, gather));
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Gather gather, gather_of(node));
  Defines defines;
  defines.set("TYPE", moved_as(node.input(0).dtype))
      .set("INDEX", node.input(1).dtype == DType::int64 ? "long" : "int");
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("gather", defines));
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl_device(device), source, "gather", 3,
                              Work::grid({gather.inner, gather.count, gather.outer}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(gather.length), static_cast<cl_int>(gather.count),
                              static_cast<cl_int>(gather.inner),
                              static_cast<cl_int>(gather.outer)));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> gather_kernels();

std::span<const KernelDef> gather_kernels() {
  static const KernelDef defs[] = {{"Gather", "gather", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
