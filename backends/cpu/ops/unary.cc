// Element-wise functions of one float tensor.
#include "kernels/cpu/unary.h"

#include <limits>
#include <optional>
#include <variant>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

using Function = std::variant<kc::Activation, kc::UnaryOp>;

struct Named {
  const char* op;
  kc::UnaryOp function;
  bool needs_whole_blocks;  // zeros in the padding of NCHW16c could become infinite
};
constexpr Named kFunctions[] = {
    {"Abs", kc::UnaryOp::abs, false},
    {"Ceil", kc::UnaryOp::ceil, false},
    {"Cos", kc::UnaryOp::cos, false},
    {"Floor", kc::UnaryOp::floor, false},
    {"Log", kc::UnaryOp::log, true},
    {"Mish", kc::UnaryOp::mish, false},
    {"Neg", kc::UnaryOp::neg, false},
    {"Reciprocal", kc::UnaryOp::reciprocal, true},
    {"Round", kc::UnaryOp::round, false},
    {"Sign", kc::UnaryOp::sign, false},
    {"Sin", kc::UnaryOp::sin, false},
    {"Softplus", kc::UnaryOp::softplus, false},
    {"Softsign", kc::UnaryOp::softsign, false},
    {"Sqrt", kc::UnaryOp::sqrt, true},
};
constexpr const char* kActivations[] = {"Clip", "Elu",       "Erf",         "Exp",
                                        "Gelu", "HardSwish", "HardSigmoid", "LeakyRelu",
                                        "Relu", "Sigmoid",   "Swish",       "Tanh"};

Result<float> bound(const NodeView& node, size_t i, float fallback) {
  if (i >= node.input_count() || !node.has_input(i)) return fallback;
  const Tensor* value = node.constant(i);
  if (!value || value->dtype() != DType::float32 || value->elements() != 1)
    return unsupported("a bound that is not one constant float32");
  return value->as<float>()[0];
}

Result<Function> function_of(const NodeView& node) {
  using Kind = kc::Activation::Kind;
  const std::string& op = node.node().op;
  const Attrs& attrs = node.attrs();
  for (const Named& named : kFunctions)
    if (op == named.op) return Function(named.function);
  kc::Activation a;
  if (op == "Relu") a.kind = Kind::relu;
  if (op == "Sigmoid") a.kind = Kind::sigmoid;
  if (op == "Tanh") a.kind = Kind::tanh;
  if (op == "Exp") a.kind = Kind::exp;
  if (op == "Erf") a.kind = Kind::erf;
  if (op == "HardSwish") a.kind = Kind::hard_swish;
  if (op == "Elu") a = {Kind::elu, attrs.number("alpha", 1.0f), 0};
  if (op == "LeakyRelu") a = {Kind::leaky_relu, attrs.number("alpha", 0.01f), 0};
  if (op == "HardSigmoid")
    a = {Kind::hard_sigmoid, attrs.number("alpha", 0.2f), attrs.number("beta", 0.5f)};
  if (op == "Swish") a = {Kind::swish, attrs.number("alpha", 1.0f), 0};
  if (op == "Gelu")
    a.kind = attrs.string("approximate") == "tanh" ? Kind::gelu_tanh : Kind::gelu_erf;
  if (op == "Clip") {
    a.kind = Kind::clip;
    OARLOCK_ASSIGN(a.alpha, bound(node, 1, -std::numeric_limits<float>::infinity()));
    OARLOCK_ASSIGN(a.beta, bound(node, 2, std::numeric_limits<float>::infinity()));
  }
  if (a.kind == Kind::none) return unsupported("operator ", op);
  return Function(a);
}

bool stays_finite(const NodeView& node) {
  for (const Named& named : kFunctions)
    if (node.node().op == named.op && named.needs_whole_blocks) return false;
  return true;
}

Result<KernelNeeds> match_unary(const NodeView& node, const Device&) {
  OARLOCK_TRY(expect_float32(node));
  OARLOCK_TRY(function_of(node).status());
  const Shape& shape = node.output_shape(0);
  const bool blocked = may_be_blocked(shape) && (stays_finite(node) || has_whole_blocks(shape));
  std::vector<KernelOption> options = plain_and_blocked(node, blocked, {true});
  for (KernelOption& option : options) option.sharing.push_back({Sharing::Kind::in_place, 0, 0, 0});
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_unary(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const Function function, function_of(node));
  const int64_t n = memory_elements(node.output_shape(0), is_blocked(chosen));
  return make_kernel([function, n, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(n, 8192, [&](int64_t begin, int64_t end, int) {
      if (const auto* activation = std::get_if<kc::Activation>(&function))
        kc::activate(*activation, x + begin, y + begin, static_cast<size_t>(end - begin));
      else
        kc::unary(*std::get_if<kc::UnaryOp>(&function), x + begin, y + begin, end - begin);
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> unary_kernels();

std::span<const KernelDef> unary_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> defs;
    for (const Named& named : kFunctions)
      defs.push_back({named.op, "unary_f32", match_unary, create_unary});
    for (const char* op : kActivations)
      defs.push_back({op, "activation_f32", match_unary, create_unary});
    return defs;
  }();
  return list;
}

}  // namespace oarlock::cpu
