#include "oarlock/plugin/activation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace oarlock {
namespace {

// In the order of Activation::Kind.
constexpr std::array<std::string_view, 13> kNames = {
    "",      "Relu",      "Clip", "LeakyRelu", "Elu",  "Sigmoid", "HardSigmoid",
    "Swish", "HardSwish", "Tanh", "Gelu",      "Mish", "Softplus"};

float sigmoid(float x) { return 1.0f / (1.0f + std::exp(-x)); }

// log(1 + e^x) without overflow.
float softplus(float x) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::fabs(x))); }

float gelu(float x, bool tanh_approximation) {
  constexpr auto kRootHalf = static_cast<float>(1 / std::numbers::sqrt2);
  constexpr auto kRootTwoOverPi =
      static_cast<float>(std::numbers::sqrt2 * std::numbers::inv_sqrtpi);
  if (!tanh_approximation) return 0.5f * x * (1.0f + std::erf(x * kRootHalf));
  return 0.5f * x * (1.0f + std::tanh(kRootTwoOverPi * (x + 0.044715f * x * x * x)));
}

}  // namespace

std::optional<Activation> activation_from(const Attrs& attrs) {
  const auto at = std::find(kNames.begin(), kNames.end(), attrs.string("activation"));
  if (at == kNames.end()) return std::nullopt;
  return Activation{static_cast<Activation::Kind>(at - kNames.begin()),
                    attrs.number("activation_alpha"), attrs.number("activation_beta")};
}

void set_activation(Attrs& attrs, const Activation& activation) {
  attrs.set("activation", std::string(to_string(activation.kind)));
  attrs.set("activation_alpha", activation.alpha);
  attrs.set("activation_beta", activation.beta);
}

std::string_view to_string(Activation::Kind kind) {
  const auto index = static_cast<size_t>(kind);
  return index < kNames.size() ? kNames[index] : "unknown";
}

float apply(const Activation& activation, float x) {
  const float alpha = activation.alpha, beta = activation.beta;
  switch (activation.kind) {
    case Activation::Kind::none:
      return x;
    case Activation::Kind::relu:
      return x < 0 ? 0.0f : x;
    case Activation::Kind::clip:
      return x < alpha ? alpha : x > beta ? beta : x;
    case Activation::Kind::leaky_relu:
      return x < 0 ? alpha * x : x;
    case Activation::Kind::elu:
      return x < 0 ? alpha * std::expm1(x) : x;
    case Activation::Kind::sigmoid:
      return sigmoid(x);
    case Activation::Kind::hard_sigmoid:
      return std::clamp(alpha * x + beta, 0.0f, 1.0f);
    case Activation::Kind::swish:
      return x * sigmoid(alpha * x);
    case Activation::Kind::hard_swish:
      return x * std::clamp(x / 6.0f + 0.5f, 0.0f, 1.0f);
    case Activation::Kind::tanh:
      return std::tanh(x);
    case Activation::Kind::gelu:
      return gelu(x, alpha != 0);
    case Activation::Kind::mish:
      return x * std::tanh(softplus(x));
    case Activation::Kind::softplus:
      return softplus(x);
  }
  return x;
}

}  // namespace oarlock
