// Algebraic identities that save work or bring arithmetic to one form: subtraction and division by
// constants become addition and multiplication, powers become products and roots.
#include <cmath>
#include <span>

#include "core/passes/support/build.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

bool power_of_two(double value) {
  int exponent = 0;
  return std::abs(std::frexp(value, &exponent)) == 0.5;
}

// x / c is x * (1/c): exactly for powers of two, within one rounding more for float32 and float64.
Outcome divide_by_constant(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Tensor* divisor = graph.constant(node.input(1));
  if (!divisor || graph.constant(node.input(0)) || !is_real(divisor->dtype())) return std::nullopt;
  const bool wide = divisor->dtype() == DType::float32 || divisor->dtype() == DType::float64;
  std::vector<double> values = numbers(*divisor);
  const double smallest = divisor->dtype() == DType::float16 ? 0x1p-14 : 0x1p-100;
  for (double& v : values) {
    const double inverse = 1.0 / v;
    if (!(std::abs(v) < 0x1p100) || !(std::abs(inverse) < 0x1p100)) return std::nullopt;
    if (!wide && (!power_of_two(v) || std::abs(inverse) < smallest || std::abs(inverse) > 0x1p15))
      return std::nullopt;
    v = inverse;
  }
  OARLOCK_ASSIGN(Tensor factor, from_numbers(divisor->dtype(), divisor->shape(), values));
  Patch patch(graph);
  const ValueId constant =
      patch.add_constant(concat(graph.value(node.input(1)).name, "_inverse"), std::move(factor));
  patch.replace(node.output(0), patch.add_node(node.name, "", "Mul", {node.input(0), constant})[0]);
  return patch;
}

// x - c is x + (-c).
Outcome subtract_constant(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const Tensor* constant = graph.constant(node.input(1));
  if (!constant || graph.constant(node.input(0)) || !is_real(constant->dtype()))
    return std::nullopt;
  OARLOCK_ASSIGN(Tensor negative, scaled(*constant, -1.0));
  Patch patch(graph);
  const ValueId other =
      patch.add_constant(concat(graph.value(node.input(1)).name, "_negative"), std::move(negative));
  patch.replace(node.output(0), patch.add_node(node.name, "", "Add", {node.input(0), other})[0]);
  return patch;
}

Outcome power(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const ValueId x = node.input(0);
  const auto exponent = uniform(graph, node.input(1));
  if (!exponent || !is_real(graph, x) || !broadcasts_into(graph, node.input(1), x))
    return std::nullopt;
  Patch patch(graph);
  const auto becomes = [&](std::string_view op, std::vector<ValueId> inputs) {
    patch.replace(node.output(0), patch.add_node(node.name, "", op, std::move(inputs))[0]);
  };
  if (*exponent == 1.0) {
    patch.replace(node.output(0), x);
  } else if (*exponent == 2.0) {
    becomes("Mul", {x, x});
  } else if (*exponent == 0.5) {
    becomes("Sqrt", {x});
  } else if (*exponent == -1.0) {
    becomes("Reciprocal", {x});
  } else if (*exponent == -0.5) {
    const ValueId square_root = patch.add_node(concat(node.name, "_sqrt"), "", "Sqrt", {x})[0];
    becomes("Reciprocal", {square_root});
  } else {
    return std::nullopt;
  }
  return patch;
}

// 1 / x.
Outcome reciprocal(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (uniform(graph, node.input(0)) != 1.0 || !is_real(graph, node.input(1)) ||
      !broadcasts_into(graph, node.input(0), node.input(1)))
    return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0), patch.add_node(node.name, "", "Reciprocal", {node.input(1)})[0]);
  return patch;
}

// a * (1 / b) is a / b, when nobody else needs 1 / b.
Outcome multiply_reciprocal(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  for (const size_t i : {1u, 0u}) {
    const Node* inverse = made_by(graph, node.input(i), "Reciprocal");
    if (!inverse || sole_user(graph, node.input(i)) != root) continue;
    // A small reciprocal is cheaper to multiply by.
    if (!same_shape(graph, node.input(i), node.output(0))) continue;
    Patch patch(graph);
    patch.replace(node.output(0),
                  patch.add_node(node.name, "", "Div", {node.input(1 - i), inverse->input(0)})[0]);
    return patch;
  }
  return std::nullopt;
}

// a + (-b) is a - b; a - (-b) is a + b.
Outcome negated_operand(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const bool sum = is(node, "Add");
  for (const size_t i : {1u, 0u}) {
    if (i == 0 && !sum) break;
    const Node* negative = made_by(graph, node.input(i), "Neg");
    if (!negative) continue;
    Patch patch(graph);
    patch.replace(node.output(0), patch.add_node(node.name, "", sum ? "Sub" : "Add",
                                                 {node.input(1 - i), negative->input(0)})[0]);
    return patch;
  }
  return std::nullopt;
}

// (x + c1) + c2 and (x * c1) * c2 with the constants put together.
Outcome merge_constants(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto outer = split_constant(graph, node);
  if (!outer || sole_user(graph, outer->value) != root) return std::nullopt;
  const Node* inner_node = made_by(graph, outer->value, node.op);
  if (!inner_node) return std::nullopt;
  const auto inner = split_constant(graph, *inner_node);
  if (!inner) return std::nullopt;
  const Tensor* a = graph.constant(inner->constant);
  const Tensor* b = graph.constant(outer->constant);
  if (a->dtype() != b->dtype() || !(is_real(a->dtype()) || is_integer(a->dtype())))
    return std::nullopt;
  const auto shape = broadcast(a->shape(), b->shape());
  if (!shape) return std::nullopt;
  if (*shape == b->shape() && !(*shape == a->shape())) std::swap(a, b);
  if (!(*shape == a->shape())) return std::nullopt;  // the product would be larger than both
  const Arithmetic what = is(node, "Add") ? Arithmetic::add : Arithmetic::multiply;
  OARLOCK_ASSIGN(Tensor both, combine(*a, *b, what));
  Patch patch(graph);
  const ValueId constant = patch.add_constant(graph.value(outer->constant).name, std::move(both));
  patch.replace(node.output(0), add_copy(patch, node, {inner->value, constant}));
  return patch;
}

}  // namespace

std::span<const Rule> algebra_rules() {
  static const Rule rules[] = {
      {"divide_by_constant", "Div", divide_by_constant},
      {"reciprocal", "Div", reciprocal},
      {"subtract_constant", "Sub", subtract_constant},
      {"power", "Pow", power},
      {"multiply_reciprocal", "Mul", multiply_reciprocal},
      {"negated_operand", "Add", negated_operand},
      {"negated_operand", "Sub", negated_operand},
      {"merge_constants", "Add", merge_constants},
      {"merge_constants", "Mul", merge_constants},
  };
  return rules;
}

}  // namespace oarlock::passes
