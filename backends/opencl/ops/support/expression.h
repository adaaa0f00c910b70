#pragma once

#include <optional>
#include <string>

#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// An element-wise function as OpenCL C.
struct Expression {
  // Of macro arguments a, b, c (values) and T (their type: float, a vector of floats, or what is
  // computed with for other elements).
  std::string text;
  bool zero_to_finite = true;  // zeros, as in the padding of blocked channels, give finite values
};

// A float as a literal with exactly its value.
std::string literal(float value);

// The function of a node, of its first, second and third input; empty when there is none. `single`:
// elements are floats of 32 or fewer bits.
Result<Expression> expression_of(const NodeView& node, bool single);

// The conversion of Cast, of which storing does the rest: to integers of fewer than 32 bits by
// dropping bits.
Result<Expression> cast_expression(DType from, DType to);

// A fused activation of `a`.
std::string activation_text(const Activation& activation);

}  // namespace oarlock::opencl
