// GatherElements: each element picked along one axis.
#include <array>
#include <cstring>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

struct GatherElements {
  size_t axis = 0;
  Shape shape;                   // of the indices
  std::vector<int64_t> strides;  // of the data, in elements
  int64_t length = 1;            // of the data's axis
  size_t bytes = 4;
  bool wide = true;  // int64 indices
};

Result<GatherElements> gather_elements_of(const NodeView& node) {
  const Shape &data = node.input_shape(0), &shape = node.input_shape(1);
  GatherElements g;
  g.bytes = element_bytes(node.input(0).dtype);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), data.rank());
  if (g.bytes != 4 && g.bytes != 8) return unsupported("elements of type ", node.input(0).dtype);
  if (!axis || shape.rank() != data.rank()) return unsupported("other ranks");
  if (node.input(1).dtype != DType::int64 && node.input(1).dtype != DType::int32)
    return unsupported("indices of type ", node.input(1).dtype);
  for (size_t d = 0; d < shape.rank(); ++d)
    if (d != *axis && shape[d] > data[d]) return unsupported("indices beyond the data");
  g.axis = *axis;
  g.shape = shape;
  g.length = data[*axis];
  g.wide = node.input(1).dtype == DType::int64;
  for (size_t d = 0; d < data.rank(); ++d) g.strides.push_back(extent(data, d + 1, data.rank()));
  return g;
}

Result<KernelNeeds> match_gather_elements(const NodeView& node, const Device&) {
  OARLOCK_TRY(gather_elements_of(node).status());
  return KernelNeeds();
}

template <class T, class I>
Status gather_rows(const GatherElements& g, const CpuDevice& cpu, const KernelArgs& args) {
  const T* x = args.inputs[0].data<const T>();
  const I* indices = args.inputs[1].data<const I>();
  T* y = args.outputs[0].data<T>();
  const int64_t width = g.shape.back(), count = *g.shape.elements();
  for (int64_t i = 0; i < count; ++i)
    if (indices[i] < -g.length || indices[i] >= g.length)
      return invalid("GatherElements: index ", indices[i], " at position ", i,
                     " is outside an axis of extent ", g.length);
  const bool along = g.axis + 1 == g.shape.rank();
  const int64_t stride = g.strides[g.axis];
  cpu.parallel(count / width, grain_for(static_cast<double>(width)),
               [&](int64_t begin, int64_t end, int) {
                 for (int64_t row = begin; row < end; ++row) {
                   int64_t rest = row, start = 0;
                   for (size_t d = g.shape.rank() - 1; d-- > 0;) {
                     if (d != g.axis) start += rest % g.shape[d] * g.strides[d];
                     rest /= g.shape[d];
                   }
                   for (int64_t j = 0; j < width; ++j) {
                     int64_t at = indices[row * width + j];
                     if (at < 0) at += g.length;
                     y[row * width + j] = x[start + at * stride + (along ? 0 : j)];
                   }
                 }
               });
  return {};
}

Result<KernelPtr> create_gather_elements(const NodeView& node, const KernelOption&,
                                         Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const GatherElements g, gather_elements_of(node));
  return make_kernel([g, &cpu](const KernelArgs& args) -> Status {
    if (g.bytes == 4)
      return g.wide ? gather_rows<uint32_t, int64_t>(g, cpu, args)
                    : gather_rows<uint32_t, int32_t>(g, cpu, args);
    return g.wide ? gather_rows<uint64_t, int64_t>(g, cpu, args)
                  : gather_rows<uint64_t, int32_t>(g, cpu, args);
  });
}

}  // namespace

std::span<const KernelDef> gather_elements_kernels();

std::span<const KernelDef> gather_elements_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"GatherElements", "gather_elements", match_gather_elements, create_gather_elements}}};
  return list;
}

}  // namespace oarlock::cpu
