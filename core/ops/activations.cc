// Activation functions of one element: ONNX operators, versions as listed.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

using ReluTypes = Types<float, double, Float16, BFloat16, int8_t, int16_t, int32_t, int64_t>;
using ShrinkTypes = Types<float, double, Float16, int64_t, int32_t, int8_t, uint8_t, int16_t,
                          uint16_t, uint32_t, uint64_t>;

template <class T>
T sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

// log(1 + e^x) without overflow.
template <class T>
T softplus(T x) {
  return std::max(x, T{0}) + std::log1p(std::exp(-std::fabs(x)));
}

auto leaky_relu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto x) { return x < 0 ? alpha * x : x; };
}

auto elu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto x) { return x < 0 ? alpha * std::expm1(x) : x; };
}

auto celu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto x) {
    return std::max(x, decltype(x){0}) + std::min(decltype(x){0}, alpha * std::expm1(x / alpha));
  };
}

auto selu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha"), gamma = attrs.number("gamma")](auto x) {
    return x > 0 ? gamma * x : gamma * alpha * std::expm1(x);
  };
}

auto hard_sigmoid(const Attrs& attrs) {
  return [alpha = attrs.number("alpha"), beta = attrs.number("beta")](auto x) {
    using T = decltype(x);
    return std::clamp(alpha * x + beta, T{0}, T{1});
  };
}

auto swish(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto x) { return x * sigmoid(alpha * x); };
}

auto thresholded_relu(const Attrs& attrs) {
  return [alpha = attrs.number("alpha")](auto x) { return x > alpha ? x : decltype(x){0}; };
}

auto gelu(const Attrs& attrs) {
  return [approximate = attrs.string("approximate") == "tanh"](auto x) {
    using T = decltype(x);
    constexpr T kRootHalf = static_cast<T>(1 / std::numbers::sqrt2);
    constexpr T kRootTwoOverPi = static_cast<T>(std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
    constexpr T kCubic = static_cast<T>(0.044715);
    const T inner = approximate ? std::tanh(kRootTwoOverPi * (x + kCubic * x * x * x))
                                : std::erf(x * kRootHalf);
    return x / 2 * (1 + inner);
  };
}

auto shrink(const Attrs& attrs) {
  return [bias = attrs.number("bias"), lambd = attrs.number("lambd")](auto x) {
    using T = decltype(x);
    // Integers may exceed what float holds exactly, so unchanged values never pass through it.
    using W = std::conditional_t<std::is_same_v<T, float>, float, double>;
    const W wide = static_cast<W>(x);
    if (wide < -lambd) return static_cast<T>(wide + bias);
    if (wide > lambd) return static_cast<T>(wide - bias);
    return T{0};
  };
}

Status infer_gelu(InferContext& c) {
  OARLOCK_TRY(check_type<Floats>(c, 0));
  const std::string& approximate = c.attrs().string("approximate");
  if (approximate != "none" && approximate != "tanh") {
    return invalid("approximate is \"", approximate, "\", expected \"none\" or \"tanh\"");
  }
  return same_type_as_input(c);
}

OpDef gelu_op() {
  OpDef def = unary_with<Floats>("Gelu", 20, {{"approximate", "none"}}, gelu);
  def.infer = infer_gelu;
  return def;
}

}  // namespace

std::span<const OpDef> activations_ops() {
  static const OpDef defs[] = {
      unary<ReluTypes>("Relu", 14, [](auto x) { return x < 0 ? decltype(x){0} : x; }),
      unary_with<Floats>("LeakyRelu", 16, {{"alpha", 0.01f}}, leaky_relu),
      unary_with<Floats>("Elu", 22, {{"alpha", 1.0f}}, elu),
      unary_with<Floats>("Celu", 28, {{"alpha", 1.0f}}, celu),
      unary_with<Floats>("Selu", 22, {{"alpha", 1.67326319f}, {"gamma", 1.05070102f}}, selu),
      unary<Floats>("Sigmoid", 13, [](auto x) { return sigmoid(x); }),
      unary_with<Floats>("HardSigmoid", 22, {{"alpha", 0.2f}, {"beta", 0.5f}}, hard_sigmoid),
      unary<Floats>("HardSwish", 22,
                    [](auto x) {
                      using T = decltype(x);
                      return x * std::clamp(x / 6 + T{0.5}, T{0}, T{1});
                    }),
      unary_with<Floats>("Swish", 24, {{"alpha", 1.0f}}, swish),
      unary<Floats>("Tanh", 13, [](auto x) { return std::tanh(x); }),
      gelu_op(),
      unary<Floats>("Mish", 22, [](auto x) { return x * std::tanh(softplus(x)); }),
      unary<Floats>("Softplus", 22, [](auto x) { return softplus(x); }),
      unary<Floats>("Softsign", 22, [](auto x) { return x / (1 + std::fabs(x)); }),
      unary_with<Floats>("ThresholdedRelu", 22, {{"alpha", 1.0f}}, thresholded_relu),
      unary_with<ShrinkTypes>("Shrink", 9, {{"bias", 0.0f}, {"lambd", 0.5f}}, shrink),
  };
  return defs;
}

}  // namespace oarlock::ops
