#include "core/passes/support/views.h"

namespace oarlock::passes {

bool is_unary(const Node& node) {
  return is_any(node, {"Relu",
                       "LeakyRelu",
                       "Elu",
                       "Selu",
                       "Celu",
                       "Sigmoid",
                       "Tanh",
                       "Softplus",
                       "Softsign",
                       "Mish",
                       "Swish",
                       "HardSwish",
                       "Gelu",
                       "HardSigmoid",
                       "Clip",
                       "Erf",
                       "Exp",
                       "Log",
                       "Sqrt",
                       "Reciprocal",
                       "Neg",
                       "Abs",
                       "Sign",
                       "Floor",
                       "Ceil",
                       "Round",
                       "Cast",
                       "Not",
                       "Sin",
                       "Cos",
                       "ThresholdedRelu",
                       "Identity"});
}

bool is_binary(const Node& node) {
  return node.inputs.size() == 2 &&
         is_any(node, {"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "And", "Or", "Xor", "Equal",
                       "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Mod"});
}

std::optional<size_t> matching_axis(const Shape& inside, const Shape& outside, size_t axis) {
  if (inside.elements().value_or(0) == 0 || outside.elements().value_or(0) == 0)
    return std::nullopt;
  const auto behind = [](const Shape& shape, size_t at) {
    int64_t count = 1;
    for (size_t i = at + 1; i < shape.rank(); ++i) count *= shape[i];
    return count;
  };
  for (size_t i = inside.rank(); i-- > 0;)
    if (inside[i] == outside[axis] && behind(inside, i) == behind(outside, axis)) return i;
  return std::nullopt;
}

}  // namespace oarlock::passes
