// TopK of float32 along any axis.
#include "kernels/cpu/top_k.h"

#include <array>

#include "backends/cpu/ops/support/common.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct TopK {
  int64_t outer = 1, length = 1, inner = 1, k = 1;
  bool largest = true;

  // 64-bit numbers for each thread: keys, then a copy of a row that is not contiguous.
  int64_t scratch() const {
    return kc::top_k_scratch(length, k) + (inner > 1 ? (length + 1) / 2 : 0);
  }
};

Result<TopK> top_k_of(const NodeView& node) {
  if (!is_float32(node.input(0))) return unsupported("values of type ", node.input(0).dtype);
  const Shape& shape = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", -1), shape.rank());
  if (!axis) return unsupported("an axis outside the rank");
  TopK t;
  t.outer = extent(shape, 0, *axis);
  t.length = shape[*axis];
  t.inner = extent(shape, *axis + 1, shape.rank());
  t.k = node.output_shape(0)[*axis];
  t.largest = node.attrs().integer("largest", 1) != 0;
  if (!node.has_output(0) || !node.has_output(1)) return unsupported("one output alone");
  if (t.length >= int64_t{1} << 32) return unsupported("an axis of extent ", t.length);
  return t;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const TopK t, top_k_of(node));
  KernelOption option;
  option.workspace = static_cast<size_t>(cpu_device(device).threads() * t.scratch()) * 8;
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const TopK t, top_k_of(node));
  return make_kernel([t, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* values = args.outputs[0].data<float>();
    int64_t* indices = args.outputs[1].data<int64_t>();
    cpu.parallel(t.outer * t.inner, grain_for(static_cast<double>(t.length)),
                 [&](int64_t begin, int64_t end, int slot) {
                   uint64_t* keys = args.workspace.data<uint64_t>() + slot * t.scratch();
                   float* copy = reinterpret_cast<float*>(keys + kc::top_k_scratch(t.length, t.k));
                   for (int64_t i = begin; i < end; ++i) {
                     const int64_t o = i / t.inner, column = i % t.inner;
                     const float* row = x + o * t.length * t.inner + column;
                     if (t.inner > 1) {
                       for (int64_t j = 0; j < t.length; ++j) copy[j] = row[j * t.inner];
                       row = copy;
                     }
                     const int64_t to = o * t.k * t.inner + column;
                     kc::top_k(row, t.length, t.k, t.largest, keys, values + to, indices + to,
                               t.inner);
                   }
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> top_k_kernels();

std::span<const KernelDef> top_k_kernels() {
  static const std::array<KernelDef, 1> list = {{{"TopK", "top_k_f32", match, create}}};
  return list;
}

}  // namespace oarlock::cpu
