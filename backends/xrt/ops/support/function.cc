#include "backends/xrt/ops/support/function.h"

#include <cmath>
#include <limits>

#include "oarlock/plugin/graph.h"

namespace oarlock::xrt {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kReach = 16;  // tables of most functions are on [-16, 16]

template <double (*F)(double), int Low, int High>
std::vector<float> values_of() {
  std::vector<float> values;
  for (int i = 0; i <= FPGA_TABLE; ++i)
    values.push_back(static_cast<float>(F(Low + double{High - Low} * i / FPGA_TABLE)));
  return values;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double tangent(double x) { return std::tanh(x); }
double softplus(double x) { return std::log1p(std::exp(x)); }
double mish_gate(double x) { return std::tanh(softplus(x)); }
double elu(double x) { return x < 0 ? std::expm1(x) : x; }
double error(double x) { return std::erf(x); }
double gelu_gate(double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); }
double gelu_tanh_gate(double x) {
  return 0.5 * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
double power_of_two(double x) { return std::exp2(x); }

Function from_table(int kind, const char* name, std::vector<float> (*values)()) {
  Function f;
  f.kind = kind;
  f.low = -kReach;
  f.high = kReach;
  f.table = name;
  f.values = values;
  return f;
}

Function simple(int kind, float alpha = 0, float beta = 0) {
  Function f;
  f.kind = kind;
  f.alpha = alpha;
  f.beta = beta;
  return f;
}

Result<Function> exponential_linear(float alpha) {
  if (alpha != 1) return unsupported("Elu with alpha ", double{alpha});
  Function f = from_table(FPGA_TABULATED, "elu", values_of<elu, -16, 16>);
  f.high_slope = 1;
  return f;
}

Result<Function> swish(float alpha) {
  if (!(alpha > 1e-3f && alpha < 1e3f)) return unsupported("Swish with alpha ", double{alpha});
  Function f = from_table(FPGA_GATED, "sigmoid", values_of<sigmoid, -16, 16>);
  f.low /= alpha;
  f.high /= alpha;
  return f;
}

// A bound of Clip: a constant number, or the fallback when omitted.
Result<float> bound(const NodeView& node, size_t i, float fallback) {
  if (i >= node.input_count() || !node.has_input(i)) return fallback;
  const Tensor* value = node.constant(i);
  if (!value || value->dtype() != DType::float32 || value->elements() != 1)
    return unsupported("a bound that is not one constant float32");
  return value->as<float>()[0];
}

}  // namespace

Function exponential() {
  Function f = from_table(FPGA_EXP, "exp2", values_of<power_of_two, 0, 1>);
  f.low = 0;
  f.high = 1;
  return f;
}

Result<Function> function_of(const Activation& activation) {
  using Kind = Activation::Kind;
  switch (activation.kind) {
    case Kind::none:
      return Function();
    case Kind::relu:
      return simple(FPGA_CLIP, 0, kInfinity);
    case Kind::clip:
      return simple(FPGA_CLIP, activation.alpha, activation.beta);
    case Kind::leaky_relu:
      return simple(FPGA_LEAKY, activation.alpha);
    case Kind::elu:
      return exponential_linear(activation.alpha);
    case Kind::sigmoid:
      return from_table(FPGA_TABULATED, "sigmoid", values_of<sigmoid, -16, 16>);
    case Kind::hard_sigmoid:
      return simple(FPGA_HARD_SIGMOID, activation.alpha, activation.beta);
    case Kind::swish:
      return swish(activation.alpha);
    case Kind::hard_swish:
      return simple(FPGA_HARD_SWISH);
    case Kind::tanh:
      return from_table(FPGA_TABULATED, "tanh", values_of<tangent, -16, 16>);
    case Kind::gelu:
      if (activation.alpha != 0)
        return from_table(FPGA_GATED, "gelu_tanh", values_of<gelu_tanh_gate, -16, 16>);
      return from_table(FPGA_GATED, "gelu", values_of<gelu_gate, -16, 16>);
    case Kind::mish:
      return from_table(FPGA_GATED, "mish", values_of<mish_gate, -16, 16>);
    case Kind::softplus: {
      Function f = from_table(FPGA_TABULATED, "softplus", values_of<softplus, -16, 16>);
      f.high_slope = 1;
      return f;
    }
  }
  return unsupported("no FPGA kernel has ", to_string(activation.kind));
}

Result<Function> function_of(const NodeView& node) {
  using Kind = Activation::Kind;
  const std::string& op = node.node().op;
  const Attrs& attrs = node.attrs();
  if (op == "Abs") return simple(FPGA_ABS);
  if (op == "Sqrt") return simple(FPGA_SQRT);
  if (op == "Reciprocal") return simple(FPGA_RECIPROCAL);
  if (op == "Exp") return exponential();
  if (op == "Erf") {
    Function f = from_table(FPGA_TABULATED, "erf", values_of<error, -4, 4>);
    f.low = -4;
    f.high = 4;
    return f;
  }
  if (op == "Clip") {
    OARLOCK_ASSIGN(const float low, bound(node, 1, -kInfinity));
    OARLOCK_ASSIGN(const float high, bound(node, 2, kInfinity));
    return simple(FPGA_CLIP, low, high);
  }
  Activation a;
  if (op == "Relu") a = {Kind::relu};
  if (op == "LeakyRelu") a = {Kind::leaky_relu, attrs.number("alpha", 0.01f)};
  if (op == "Elu") a = {Kind::elu, attrs.number("alpha", 1.0f)};
  if (op == "Sigmoid") a = {Kind::sigmoid};
  if (op == "HardSigmoid")
    a = {Kind::hard_sigmoid, attrs.number("alpha", 0.2f), attrs.number("beta", 0.5f)};
  if (op == "Swish") a = {Kind::swish, attrs.number("alpha", 1.0f)};
  if (op == "HardSwish") a = {Kind::hard_swish};
  if (op == "Tanh") a = {Kind::tanh};
  if (op == "Gelu") a = {Kind::gelu, attrs.string("approximate") == "tanh" ? 1.0f : 0.0f};
  if (op == "Mish") a = {Kind::mish};
  if (op == "Softplus") a = {Kind::softplus};
  if (!a) return unsupported("no FPGA kernel has ", op);
  return function_of(a);
}

Result<Function> fused_function(const NodeView& node) {
  if (node.node().domain != kOarlockDomain) return Function();
  const std::optional<Activation> activation = activation_from(node.attrs());
  if (!activation) return unsupported("activation ", node.attrs().string("activation"));
  return function_of(*activation);
}

void set_function(Parameters& p, int at, const Function& f) {
  p.set(at + FUNCTION_KIND, int64_t{f.kind});
  p.set(at + FUNCTION_ALPHA, f.alpha);
  p.set(at + FUNCTION_BETA, f.beta);
  p.set(at + FUNCTION_LOW, f.low);
  if (f.high > f.low) p.set(at + FUNCTION_SCALE, float{FPGA_TABLE} / (f.high - f.low));
  p.set(at + FUNCTION_LOW_SLOPE, f.low_slope);
  p.set(at + FUNCTION_HIGH_SLOPE, f.high_slope);
}

Result<Launch::Argument> table_argument(XrtDevice& device, const Function& function) {
  if (function.table == nullptr) return Launch::Argument();
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> table, device.table(function.table, function.values));
  return Launch::Argument{-1, std::move(table)};
}

}  // namespace oarlock::xrt
