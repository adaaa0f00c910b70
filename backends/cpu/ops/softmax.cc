// Softmax and LogSoftmax over one axis.
#include "kernels/cpu/softmax.h"

#include <array>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

Result<kc::SoftmaxShape> shape_of(const NodeView& node) {
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
  if (!axis) return unsupported("an axis outside the rank");
  kc::SoftmaxShape s{extent(shape, 0, *axis), shape[*axis], extent(shape, *axis + 1, shape.rank())};
  if (s.length == 0) return unsupported("an empty axis");
  return s;
}

Result<KernelNeeds> match_softmax(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_float32(node));
  OARLOCK_TRY(shape_of(node).status());
  return KernelNeeds(in_place({0}));
}

Result<KernelPtr> create_softmax(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const kc::SoftmaxShape shape, shape_of(node));
  const bool log = node.node().op == "LogSoftmax";
  return make_kernel([shape, log, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    const double work = 2.0 * static_cast<double>(shape.length * shape.inner);
    cpu.parallel(shape.outer, grain_for(work), [&](int64_t begin, int64_t end, int) {
      kc::softmax(shape, x, y, begin, end, log);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> softmax_kernels();

std::span<const KernelDef> softmax_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"LogSoftmax", "log_softmax_f32", match_softmax, create_softmax},
      {"Softmax", "softmax_f32", match_softmax, create_softmax},
  }};
  return list;
}

}  // namespace oarlock::cpu
