// Every Gemm and MatMul of real numbers becomes oarlock.MatMul; transposes of its operands, scaling
// and bias become part of it.
#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "core/ops/evaluate.h"
#include "core/passes/support/build.h"
#include "core/passes/support/fused.h"
#include "core/passes/support/match.h"

namespace oarlock::passes {
namespace {

Fused product(const Node& node, ValueId a, ValueId b, ValueId bias) {
  Fused fused;
  fused.op = "MatMul";
  fused.name = node.name;
  fused.attrs = Attrs{{"trans_a", int64_t{0}}, {"trans_b", int64_t{0}}, {"alpha", 1.0f}};
  fused.inputs = {a, b, bias, kNone};
  return fused;
}

Outcome from_matmul(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_real(graph, node.input(0)) || !rank(graph, node.input(0)) || !rank(graph, node.input(1)))
    return std::nullopt;
  Patch patch(graph);
  patch.replace(node.output(0),
                add_fused(patch, product(node, node.input(0), node.input(1), kNone)));
  return patch;
}

Outcome from_gemm(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (!is_real(graph, node.input(0))) return std::nullopt;
  Patch patch(graph);
  ValueId bias = node.input(2);
  const float beta = node.attrs.number("beta", 1.0f);
  if (beta == 0) bias = kNone;
  if (bias != kNone && beta != 1) {
    const Tensor* constant = graph.constant(bias);
    if (!constant) return std::nullopt;
    OARLOCK_ASSIGN(Tensor scaled_bias, scaled(*constant, beta));
    bias = patch.add_constant(graph.value(bias).name, std::move(scaled_bias));
  }
  Fused fused = product(node, node.input(0), node.input(1), bias);
  fused.attrs.set("trans_a", node.attrs.integer("transA", 0));
  fused.attrs.set("trans_b", node.attrs.integer("transB", 0));
  fused.attrs.set("alpha", node.attrs.number("alpha", 1.0f));
  patch.replace(node.output(0), add_fused(patch, fused));
  return patch;
}

// The last two axes swapped, all others in place.
bool swaps_last_two(const std::vector<size_t>& perm) {
  const size_t n = perm.size();
  if (n < 2 || perm[n - 1] != n - 2 || perm[n - 2] != n - 1) return false;
  for (size_t i = 0; i + 2 < n; ++i)
    if (perm[i] != i) return false;
  return true;
}

Outcome absorb_transpose(const Graph& graph, NodeId root) {
  auto fused = fused_from(graph.node(root));
  if (!fused) return std::nullopt;
  bool changed = false;
  for (const size_t i : {size_t{kData}, size_t{kWeight}}) {
    const Node* transpose = made_by(graph, fused->inputs[i], "Transpose");
    if (!transpose) continue;
    const auto perm = permutation(graph, *transpose);
    if (!perm || !swaps_last_two(*perm)) continue;
    const std::string_view name = i == kData ? "trans_a" : "trans_b";
    fused->attrs.set(name, int64_t{fused->attrs.integer(name, 0) == 0});
    fused->inputs[i] = transpose->input(0);
    changed = true;
  }
  if (!changed) return std::nullopt;
  Patch patch(graph);
  patch.replace(graph.node(root).output(0), add_fused(patch, *fused));
  return patch;
}

// A bias is not made for more columns than this.
constexpr int64_t kMostColumns = 1 << 24;

// Columns of the result; empty when not known.
std::optional<int64_t> columns(const Graph& graph, ValueId result) {
  const Shape* shape = known_shape(graph, result);
  if (!shape || shape->empty() || shape->back() < 0 || shape->back() > kMostColumns)
    return std::nullopt;
  return shape->back();
}

bool is_row(const Shape& shape, int64_t count) {
  return !shape.empty() && shape.back() == count && shape.elements() == count;
}

// A + of one number or one row: into the bias.
Outcome absorb_bias(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  for (const size_t i : {0u, 1u}) {
    const ValueId value = node.input(i), added = node.input(1 - i);
    if (value == added) return std::nullopt;
    auto fused = fused_before(graph, value, root);
    if (!fused || fused->is_conv() || !fused->is_linear()) continue;
    const Shape* shape = concrete_shape(graph, added);
    const auto result_rank = rank(graph, value);
    const auto count = columns(graph, value);
    if (!shape || !result_rank || shape->rank() > *result_rank || *result_rank < 2) continue;
    Patch patch(graph);
    const Tensor* constant = graph.constant(added);
    ValueId row = added;
    if (constant && constant->elements() == 1 && count) {
      if (*count < 1) continue;
      const std::vector<double> same(static_cast<size_t>(*count), numbers(*constant)[0]);
      OARLOCK_ASSIGN(Tensor bias, from_numbers(constant->dtype(), Shape{*count}, same));
      row = patch.add_constant(graph.value(added).name, std::move(bias));
    } else if (!count || !is_row(*shape, *count)) {
      continue;
    } else if (constant && shape->rank() > 1) {
      OARLOCK_ASSIGN(Tensor bias, constant->reshaped(Shape{*count}));
      row = patch.add_constant(graph.value(added).name, std::move(bias));
    } else if (!constant && shape->rank() > 1) {
      continue;
    }
    if (fused->has_bias()) {
      const Tensor* first = graph.constant(fused->inputs[kBias]);
      const Tensor* second = constant;
      if (!first || !second || !(first->shape() == Shape{*count})) continue;
      OARLOCK_ASSIGN(Tensor both, combine(*first, *second, Arithmetic::add));
      row = patch.add_constant(graph.value(added).name, std::move(both));
    }
    fused->inputs[kBias] = row;
    patch.replace(node.output(0), add_fused(patch, *fused));
    return patch;
  }
  return std::nullopt;
}

// A * by one number (into alpha) or by one row (into the columns of constant weights).
Outcome absorb_scale(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  const auto parts = split_constant(graph, node);
  if (!parts || !broadcasts_into(graph, parts->constant, parts->value)) return std::nullopt;
  auto fused = fused_before(graph, parts->value, root);
  if (!fused || fused->is_conv() || !fused->is_linear()) return std::nullopt;
  const Tensor& factor = *graph.constant(parts->constant);
  if (!is_real(factor.dtype())) return std::nullopt;
  Patch patch(graph);
  const Tensor* bias = graph.constant(fused->inputs[kBias]);
  if (fused->has_bias() && !bias) return std::nullopt;
  if (const auto number = uniform(graph, parts->constant)) {
    if (bias) {
      OARLOCK_ASSIGN(Tensor scaled_bias, scaled(*bias, *number));
      fused->inputs[kBias] =
          patch.add_constant(graph.value(fused->inputs[kBias]).name, std::move(scaled_bias));
    }
    fused->attrs.set("alpha", static_cast<float>(fused->attrs.number("alpha", 1.0f) * *number));
    patch.replace(node.output(0), add_fused(patch, *fused));
    return patch;
  }
  const auto count = columns(graph, parts->value);
  const Tensor* weight = graph.constant(fused->inputs[kWeight]);
  if (!count || !is_row(factor.shape(), *count) || !weight || weight->shape().rank() != 2)
    return std::nullopt;
  const std::vector<double> row = numbers(factor);
  if (bias) {
    if (!(bias->shape() == Shape{*count})) return std::nullopt;
    OARLOCK_ASSIGN(Tensor scaled_bias, scaled_columns(*bias, row));
    fused->inputs[kBias] =
        patch.add_constant(graph.value(fused->inputs[kBias]).name, std::move(scaled_bias));
  }
  const bool transposed = fused->attrs.integer("trans_b", 0) != 0;
  OARLOCK_ASSIGN(Tensor scaled_weight,
                 transposed ? scaled_rows(*weight, row) : scaled_columns(*weight, row));
  fused->inputs[kWeight] =
      patch.add_constant(graph.value(fused->inputs[kWeight]).name, std::move(scaled_weight));
  patch.replace(node.output(0), add_fused(patch, *fused));
  return patch;
}

// BatchNormalization of the columns of a 2-D product.
Outcome absorb_batch_norm(const Graph& graph, NodeId root) {
  const Node& node = graph.node(root);
  if (node.attrs.integer("training_mode", 0) != 0 || rank(graph, node.input(0)) != 2u)
    return std::nullopt;
  const auto fused = fused_before(graph, node.input(0), root);
  const auto count = columns(graph, node.input(0));
  if (!fused || fused->is_conv() || !fused->is_linear() || !count) return std::nullopt;
  for (size_t i = 1; i <= 4; ++i) {
    const Tensor* constant = graph.constant(node.input(i));
    if (!constant || !is_real(constant->dtype()) || constant->elements() != *count)
      return std::nullopt;
  }
  std::vector<double> factor = numbers(*graph.constant(node.input(1)));
  std::vector<double> shift = numbers(*graph.constant(node.input(2)));
  const std::vector<double> mean = numbers(*graph.constant(node.input(3)));
  const std::vector<double> variance = numbers(*graph.constant(node.input(4)));
  for (size_t i = 0; i < factor.size(); ++i) {
    factor[i] /= std::sqrt(variance[i] + static_cast<double>(node.attrs.number("epsilon", 1e-5f)));
    shift[i] -= mean[i] * factor[i];
  }
  const DType type = dtype(graph, node.input(0));
  OARLOCK_ASSIGN(Tensor scale, from_numbers(type, Shape{*count}, factor));
  OARLOCK_ASSIGN(Tensor bias, from_numbers(type, Shape{*count}, shift));
  Patch patch(graph);
  const ValueId scale_id = patch.add_constant(concat(node.name, "_scale"), std::move(scale));
  const ValueId bias_id = patch.add_constant(concat(node.name, "_shift"), std::move(bias));
  const ValueId multiplied =
      patch.add_node(concat(node.name, "_mul"), "", "Mul", {node.input(0), scale_id})[0];
  patch.replace(node.output(0), patch.add_node(node.name, "", "Add", {multiplied, bias_id})[0]);
  return patch;
}

// An operand multiplied by one number, also before views of it: into alpha.
Outcome absorb_operand_scale(const Graph& graph, NodeId root) {
  auto fused = fused_from(graph.node(root));
  if (!fused || fused->is_conv()) return std::nullopt;
  for (const size_t i : {size_t{kData}, size_t{kWeight}}) {
    std::vector<const Node*> views;
    ValueId at = fused->inputs[i];
    NodeId user = root;
    while (sole_user(graph, at) == user) {
      const Node* node = graph.producer(at);
      if (!node || !is_any(*node, {"Reshape", "Transpose", "Squeeze", "Unsqueeze"})) break;
      user = graph.value(at).producer;
      views.push_back(node);
      at = node->input(0);
    }
    if (sole_user(graph, at) != user) continue;
    const Node* scale = made_by(graph, at, "Mul");
    const auto parts = scale ? split_constant(graph, *scale) : std::nullopt;
    if (!parts || !broadcasts_into(graph, parts->constant, parts->value)) continue;
    const auto number = uniform(graph, parts->constant);
    if (!number) continue;
    Patch patch(graph);
    ValueId value = parts->value;
    for (size_t v = views.size(); v-- > 0;) {
      std::vector<ValueId> inputs = views[v]->inputs;
      inputs[0] = value;
      value = add_copy(patch, *views[v], std::move(inputs));
    }
    fused->inputs[i] = value;
    fused->attrs.set("alpha", static_cast<float>(fused->attrs.number("alpha", 1.0f) * *number));
    patch.replace(graph.node(root).output(0), add_fused(patch, *fused));
    return patch;
  }
  return std::nullopt;
}

// (x A + a) B + b with constant matrices is x (A B) + (a B + b), when that multiplies less.
Outcome reassociate(const Graph& graph, NodeId root) {
  auto outer = fused_from(graph.node(root));
  if (!outer || outer->is_conv()) return std::nullopt;
  const auto inner = fused_before(graph, outer->inputs[kData], root);
  if (!inner || inner->is_conv() || !inner->is_linear()) return std::nullopt;
  if (outer->inputs[kResidual] == outer->inputs[kData] || outer->attrs.integer("trans_a", 0) != 0)
    return std::nullopt;
  const Tensor* a = graph.constant(inner->inputs[kWeight]);
  const Tensor* b = graph.constant(outer->inputs[kWeight]);
  const Tensor* inner_bias = graph.constant(inner->inputs[kBias]);
  const Tensor* outer_bias = graph.constant(outer->inputs[kBias]);
  if (!a || !b || a->shape().rank() != 2 || b->shape().rank() != 2 || a->dtype() != b->dtype() ||
      !is_real(a->dtype()) || (inner->has_bias() && !inner_bias) ||
      (outer->has_bias() && !outer_bias))
    return std::nullopt;
  const bool trans_a = inner->attrs.integer("trans_b", 0) != 0;
  const bool trans_b = outer->attrs.integer("trans_b", 0) != 0;
  const int64_t k = a->shape()[trans_a ? 1 : 0], middle = a->shape()[trans_a ? 0 : 1];
  const int64_t n = b->shape()[trans_b ? 0 : 1];
  if (middle != b->shape()[trans_b ? 1 : 0] || k * n > k * middle + middle * n) return std::nullopt;
  const auto left_rank = rank(graph, inner->inputs[kData]);
  if (!left_rank || *left_rank < 2) return std::nullopt;
  const float alpha = inner->attrs.number("alpha", 1.0f);
  const auto multiply = [&](const Tensor& left, bool transpose_left) -> Result<Tensor> {
    const Value values[] = {left, *b};
    OARLOCK_ASSIGN(
        std::vector<Value> product,
        evaluate_op(kOarlockDomain, "MatMul",
                    Attrs{{"trans_a", int64_t{transpose_left}}, {"trans_b", int64_t{trans_b}}},
                    values));
    return product[0].tensor();
  };
  Patch patch(graph);
  OARLOCK_ASSIGN(Tensor weight, multiply(*a, trans_a));
  if (inner_bias) {
    if (!(inner_bias->shape() == Shape{middle})) return std::nullopt;
    OARLOCK_ASSIGN(const Tensor row, inner_bias->reshaped(Shape{1, middle}));
    OARLOCK_ASSIGN(const Tensor through, multiply(row, false));
    OARLOCK_ASSIGN(Tensor bias, through.reshaped(Shape{n}));
    const float outer_alpha = outer->attrs.number("alpha", 1.0f);
    if (outer_alpha != 1) {
      OARLOCK_ASSIGN(bias, scaled(bias, outer_alpha));
    }
    if (outer_bias) {
      if (!(outer_bias->shape() == Shape{n})) return std::nullopt;
      OARLOCK_ASSIGN(bias, combine(bias, *outer_bias, Arithmetic::add));
    }
    outer->inputs[kBias] = patch.add_constant(concat(outer->name, "_bias"), std::move(bias));
  }
  outer->attrs.set("trans_a", inner->attrs.integer("trans_a", 0));
  outer->attrs.set("trans_b", int64_t{0});
  outer->attrs.set("alpha", alpha * outer->attrs.number("alpha", 1.0f));
  outer->inputs[kData] = inner->inputs[kData];
  outer->inputs[kWeight] = patch.add_constant(concat(outer->name, "_weight"), std::move(weight));
  patch.replace(graph.node(root).output(0), add_fused(patch, *outer));
  return patch;
}

}  // namespace

std::span<const Rule> fuse_products_rules() {
  static const Rule rules[] = {
      {"fuse_matmul", "MatMul", from_matmul},
      {"fuse_gemm", "Gemm", from_gemm},
      {"fuse_matmul_transpose", "oarlock.MatMul", absorb_transpose},
      {"fuse_matmul_operand_scale", "oarlock.MatMul", absorb_operand_scale},
      {"reassociate_products", "oarlock.MatMul", reassociate},
      {"fuse_matmul_bias", "Add", absorb_bias},
      {"fuse_matmul_scale", "Mul", absorb_scale},
      {"fuse_matmul_batch_norm", "BatchNormalization", absorb_batch_norm},
  };
  return rules;
}

}  // namespace oarlock::passes
