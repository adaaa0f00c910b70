#pragma once

#include <vector>

#include "core/passes/support/match.h"

namespace oarlock::passes {

// A tree of Mul and Div by numbers, flattened: coefficient * f1 * f2 * ...
struct Product {
  double coefficient = 1;
  std::vector<ValueId> factors;  // not constant numbers; with repetitions
  std::vector<NodeId> nodes;     // of the tree
};

// The product that `value` is. Inner nodes read by others than the tree are factors of their own;
// the node that computes `value` is taken apart whoever reads it. Pow with exponent 2 or 3 counts
// as repeated factors.
Product product_of(const Graph& graph, ValueId value);

// value = coefficient * x; the coefficient.
std::optional<double> multiple_of(const Graph& graph, ValueId value, ValueId x);

}  // namespace oarlock::passes
