#include "core/passes/support/product.h"

namespace oarlock::passes {
namespace {

constexpr int kMaxDepth = 8;

void take_apart(const Graph& graph, ValueId value, double power, int depth, Product& product) {
  const ValueInfo& info = graph.value(value);
  const Node* node = info.producer == kNone ? nullptr : &graph.node(info.producer);
  const bool inner = depth == 0 || graph.use_count(value) == 1;
  const auto number_beside = [&](size_t i) -> std::optional<double> {
    const auto number = uniform(graph, node->input(i));
    return number && broadcasts_into(graph, node->input(i), node->input(1 - i)) ? number
                                                                                : std::nullopt;
  };
  if (node && inner && depth < kMaxDepth && node->output(0) == value && power == 1) {
    if (is(*node, "Mul")) {
      product.nodes.push_back(info.producer);
      for (const size_t i : {0u, 1u}) {
        if (const auto number = number_beside(i)) {
          product.coefficient *= *number;
        } else {
          take_apart(graph, node->input(i), power, depth + 1, product);
        }
      }
      return;
    }
    if (is(*node, "Div")) {
      if (const auto number = number_beside(1); number && *number != 0) {
        product.nodes.push_back(info.producer);
        product.coefficient /= *number;
        take_apart(graph, node->input(0), power, depth + 1, product);
        return;
      }
    }
    if (is(*node, "Pow")) {
      const auto exponent = number_beside(1);
      if (exponent == 2.0 || exponent == 3.0) {
        product.nodes.push_back(info.producer);
        product.factors.insert(product.factors.end(), static_cast<size_t>(*exponent),
                               node->input(0));
        return;
      }
    }
  }
  product.factors.push_back(value);
}

}  // namespace

Product product_of(const Graph& graph, ValueId value) {
  Product product;
  if (value != kNone) take_apart(graph, value, 1, 0, product);
  return product;
}

std::optional<double> multiple_of(const Graph& graph, ValueId value, ValueId x) {
  if (value == x) return 1.0;
  const Product product = product_of(graph, value);
  if (product.factors.size() != 1 || product.factors[0] != x) return std::nullopt;
  return product.coefficient;
}

}  // namespace oarlock::passes
