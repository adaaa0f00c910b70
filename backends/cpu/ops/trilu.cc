// Trilu: the upper or lower triangle of every matrix, zeros elsewhere.
#include <array>
#include <cstring>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  if (element_bytes(node.input(0).dtype) == 0)
    return unsupported("elements of type ", node.input(0).dtype);
  return KernelNeeds(in_place({0}));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const Shape& shape = node.input_shape(0);
  const int64_t bytes = static_cast<int64_t>(element_bytes(node.input(0).dtype));
  const int64_t height = shape[shape.rank() - 2], width = shape.back();
  const int64_t rows = element_count(node.input(0)) / width;
  const bool upper = node.attrs().integer("upper", 1) != 0;
  return make_kernel([=, &cpu](const KernelArgs& args) -> Status {
    int64_t k = 0;
    if (args.inputs.size() > 1 && args.inputs[1]) k = *args.inputs[1].data<const int64_t>();
    k = std::clamp(k, -height - width, height + width);
    const std::byte* x = args.inputs[0].data();
    std::byte* y = args.outputs[0].data();
    cpu.parallel(
        rows, grain_for(static_cast<double>(width * bytes)), [&](int64_t begin, int64_t end, int) {
          for (int64_t row = begin; row < end; ++row) {
            // Upper: columns from this on are kept; lower: those before it.
            const int64_t cut = std::clamp<int64_t>(row % height + k + (upper ? 0 : 1), 0, width);
            const int64_t kept = upper ? cut : 0, count = upper ? width - cut : cut;
            const int64_t cleared = upper ? 0 : cut;
            const std::byte* from = x + row * width * bytes;
            std::byte* to = y + row * width * bytes;
            if (from != to)
              std::memcpy(to + kept * bytes, from + kept * bytes,
                          static_cast<size_t>(count * bytes));
            std::memset(to + cleared * bytes, 0, static_cast<size_t>((width - count) * bytes));
          }
        });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> trilu_kernels();

std::span<const KernelDef> trilu_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Trilu", "trilu", match, create}}};
  return list;
}

}  // namespace oarlock::cpu
