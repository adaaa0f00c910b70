// DynamicQuantizeLinear: to uint8 with scale and zero point from the range of the values.
#include <array>
#include <cmath>

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/convert.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

constexpr int64_t kPart = 16384;

struct Range {
  float least, most;
};

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  KernelOption option;
  const int64_t parts = element_count(node.input(0)) / kPart + 1;
  option.workspace = static_cast<size_t>(parts) * sizeof(Range);
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const int64_t n = element_count(node.input(0));
  return make_kernel([n, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    Range* const ranges = args.workspace.data<Range>();
    const int64_t parts = (n + kPart - 1) / kPart;
    cpu.parallel(parts, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        Range& r = ranges[i];
        kc::range_f32(x + i * kPart, std::min(kPart, n - i * kPart), &r.least, &r.most);
      }
    });
    float least = 0, most = 0;
    for (int64_t i = 0; i < parts; ++i) {
      least = std::min(least, ranges[i].least);
      most = std::max(most, ranges[i].most);
    }
    const float scale = most == least ? 1.0f : (most - least) / 255.0f;
    const float zero = std::nearbyint(std::clamp(0 - least / scale, 0.0f, 255.0f));
    const auto zero_point = static_cast<uint8_t>(zero == zero ? zero : 0.0f);
    uint8_t* y = args.outputs[0].data<uint8_t>();
    cpu.parallel(n, kPart, [&](int64_t begin, int64_t end, int) {
      kc::quantize_u8(x + begin, scale, zero_point, y + begin, end - begin);
    });
    if (args.outputs.size() > 1 && args.outputs[1]) *args.outputs[1].data<float>() = scale;
    if (args.outputs.size() > 2 && args.outputs[2]) *args.outputs[2].data<uint8_t>() = zero_point;
    return {};
  });
}

}  // namespace

std::span<const KernelDef> dynamic_quantize_kernels();

std::span<const KernelDef> dynamic_quantize_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"DynamicQuantizeLinear", "dynamic_quantize_8bit", match, create}}};
  return list;
}

}  // namespace oarlock::cpu
