#pragma once

#include <cstdint>
#include <optional>

#include "core/passes/support/match.h"

// Moving views (Reshape, Transpose) behind the operators that read them, where they meet other
// views and vanish, and where they do not keep an operator from being fused with its producer.
namespace oarlock::passes {

// Operators that treat every element of their first input alike; further inputs are parameters.
bool is_unary(const Node& node);
// Operators of two inputs with broadcasting.
bool is_binary(const Node& node);

// The axis of `inside` whose elements lie where those of `axis` of `outside` lie, for two concrete
// shapes of one view: the same extent, and as many elements behind it.
std::optional<size_t> matching_axis(const Shape& inside, const Shape& outside, size_t axis);

}  // namespace oarlock::passes
