#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/rewrite.h"

// The fused operators oarlock.Conv (X, W, B?, R?) and oarlock.MatMul (A, B, bias?, R?) as rules see
// them.
namespace oarlock::passes {

enum FusedInput : size_t { kData = 0, kWeight = 1, kBias = 2, kResidual = 3 };

// A node of one of the two, ready to be changed and added to a patch.
struct Fused {
  std::string_view op;  // "Conv" or "MatMul"
  std::string name;
  Attrs attrs;                  // without the activation
  std::vector<ValueId> inputs;  // four of them
  Activation activation;

  bool is_conv() const { return op == "Conv"; }
  bool has_bias() const { return inputs[kBias] != kNone; }
  bool has_residual() const { return inputs[kResidual] != kNone; }
  // Nothing happens after the bias: more can be folded into weights and bias.
  bool is_linear() const { return !activation && !has_residual(); }
};

// From a node of domain "oarlock".
std::optional<Fused> fused_from(const Node& node);
// The fused node that computes `value`, when `user` is its only reader.
std::optional<Fused> fused_before(const Graph& graph, ValueId value, NodeId user);
// Adds it; its output.
ValueId add_fused(Patch& patch, const Fused& fused);

// The activation that an ONNX node applies to its first input; empty when it is none or its
// parameters are not constant.
std::optional<Activation> activation_of(const Graph& graph, const Node& node);
// The ONNX node for an activation, its output.
ValueId add_activation(Patch& patch, std::string_view name, ValueId value, DType dtype,
                       const Activation& activation);
// second(first(x)) as one activation.
std::optional<Activation> compose(const Activation& first, const Activation& second);

}  // namespace oarlock::passes
