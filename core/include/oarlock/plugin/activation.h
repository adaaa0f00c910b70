#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "oarlock/plugin/attrs.h"

namespace oarlock {

// An element-wise function fused into the node that computes its input. Attributes of the
// operators of domain "oarlock": `activation` (the ONNX operator's name, "" for none),
// `activation_alpha`, `activation_beta` (floats).
//   Clip: alpha = min, beta = max (infinite when open). LeakyRelu, Elu: alpha. HardSigmoid: alpha,
//   beta as in ONNX. Swish: x * sigmoid(alpha * x). HardSwish: ONNX 14. Gelu: alpha = 0 exact
//   (erf), 1 tanh approximation. Relu, Sigmoid, Tanh, Mish, Softplus: no parameters.
struct Activation {
  enum class Kind : uint8_t {
    none,
    relu,
    clip,
    leaky_relu,
    elu,
    sigmoid,
    hard_sigmoid,
    swish,
    hard_swish,
    tanh,
    gelu,
    mish,
    softplus,
  };
  Kind kind = Kind::none;
  float alpha = 0;
  float beta = 0;

  explicit operator bool() const { return kind != Kind::none; }
};

// From the three attributes; empty when the name is unknown.
std::optional<Activation> activation_from(const Attrs& attrs);
// Writes the three attributes.
void set_activation(Attrs& attrs, const Activation& activation);
// "Relu", "" for none.
std::string_view to_string(Activation::Kind kind);

float apply(const Activation& activation, float x);

}  // namespace oarlock
