// Gather: slices picked along one axis by an index tensor.
#include <array>
#include <cstring>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

struct Gather {
  int64_t outer = 1, length = 1, count = 1;
  size_t slice = 1;  // bytes
  bool wide = true;  // int64 indices
};

Result<Gather> gather_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  const size_t bytes = element_bytes(node.input(0).dtype);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), shape.rank());
  if (!node.input(0).is_concrete() || !node.input(1).is_concrete() || bytes == 0)
    return unsupported("elements of type ", node.input(0).dtype);
  if (!axis) return unsupported("an axis outside the rank");
  if (node.input(1).dtype != DType::int64 && node.input(1).dtype != DType::int32)
    return unsupported("indices of type ", node.input(1).dtype);
  Gather g;
  g.outer = extent(shape, 0, *axis);
  g.length = shape[*axis];
  g.count = element_count(node.input(1));
  g.slice = static_cast<size_t>(extent(shape, *axis + 1, shape.rank())) * bytes;
  g.wide = node.input(1).dtype == DType::int64;
  return g;
}

Result<KernelNeeds> match_gather(const NodeView& node, const Device&) {
  OARLOCK_TRY(gather_of(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create_gather(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Gather g, gather_of(node));
  return make_kernel([g, &cpu](const KernelArgs& args) -> Status {
    const std::byte* from = args.inputs[0].data();
    std::byte* to = args.outputs[0].data();
    const std::byte* indices = args.inputs[1].data();
    const auto index = [&](int64_t i) -> int64_t {
      if (!g.wide) return reinterpret_cast<const int32_t*>(indices)[i];
      return reinterpret_cast<const int64_t*>(indices)[i];
    };
    for (int64_t i = 0; i < g.count; ++i)
      if (index(i) < -g.length || index(i) >= g.length)
        return invalid("Gather: index ", index(i), " at position ", i,
                       " is outside an axis of extent ", g.length);
    cpu.parallel(g.outer * g.count, grain_for(static_cast<double>(g.slice) / 4),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t u = begin; u < end; ++u) {
                     int64_t i = index(u % g.count);
                     if (i < 0) i += g.length;
                     std::memcpy(to + static_cast<size_t>(u) * g.slice,
                                 from + static_cast<size_t>(u / g.count * g.length + i) * g.slice,
                                 g.slice);
                   }
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> gather_kernels();

std::span<const KernelDef> gather_kernels() {
  static const std::array<KernelDef, 1> list = {{
      {"Gather", "gather", match_gather, create_gather},
  }};
  return list;
}

}  // namespace oarlock::cpu
