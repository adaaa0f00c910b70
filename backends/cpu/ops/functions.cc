// Trigonometric and hyperbolic functions, and activations that no other operator absorbs.
#include "kernels/cpu/functions.h"

#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

struct Named {
  const char* op;
  kc::MathFunction kind;
  const char* alpha = nullptr;  // attributes
  const char* beta = nullptr;
};
constexpr Named kNamed[] = {
    {"Acos", kc::MathFunction::acos},
    {"Acosh", kc::MathFunction::acosh},
    {"Asin", kc::MathFunction::asin},
    {"Asinh", kc::MathFunction::asinh},
    {"Atan", kc::MathFunction::atan},
    {"Atanh", kc::MathFunction::atanh},
    {"Celu", kc::MathFunction::celu, "alpha"},
    {"Cosh", kc::MathFunction::cosh},
    {"Selu", kc::MathFunction::selu, "alpha", "gamma"},
    {"Shrink", kc::MathFunction::shrink, "lambd", "bias"},
    {"Sinh", kc::MathFunction::sinh},
    {"Tan", kc::MathFunction::tan},
    {"ThresholdedRelu", kc::MathFunction::thresholded_relu, "alpha"},
};

kc::Function function_of(const NodeView& node) {
  for (const Named& named : kNamed) {
    if (node.node().op != named.op) continue;
    return {named.kind, named.alpha ? node.attrs().number(named.alpha) : 0,
            named.beta ? node.attrs().number(named.beta) : 0};
  }
  return {kc::MathFunction::tan};
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_float32(node));
  const kc::Function f = function_of(node);
  if (f.kind == kc::MathFunction::celu && !(f.alpha > 0))
    return unsupported("alpha ", static_cast<double>(f.alpha), ", which is not positive");
  return KernelNeeds(in_place({0}));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  const kc::Function f = function_of(node);
  const int64_t n = element_count(node.input(0));
  return make_kernel([f, n, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(n, 2048, [&](int64_t begin, int64_t end, int) {
      kc::apply(f, x + begin, y + begin, end - begin);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> functions_kernels();

std::span<const KernelDef> functions_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const Named& named : kNamed) defs.push_back({named.op, "function_f32", match, create});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
