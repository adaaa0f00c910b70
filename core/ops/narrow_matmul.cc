// oarlock.NarrowMatMul: Y = activation(alpha * A @ op(B) * scale + bias + R), where A is float32
// and B, a constant matrix of float16, bfloat16 or int8, is computed with as float32; scale (one
// number or one for each column), bias and R are optional; op transposes if trans_b says so.
// Planning makes it of products of few rows.
#include <vector>

#include "core/ops/evaluate.h"
#include "core/ops/support/activate.h"
#include "core/ops/support/product_shape.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "A", {DType::float32}));
  OARLOCK_TRY(expect_dtype(c, 1, "B", {DType::float16, DType::bfloat16, DType::int8}));
  OARLOCK_TRY(expect_rank(c, 1, "B", 2));
  OARLOCK_ASSIGN(const ProductShape p,
                 product_shape(c.shape(0), c.shape(1), false, c.attrs().integer("trans_b") != 0));
  const Shape y = p.result();
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_dtype(c, 2, "scale", {DType::float32}));
    if (!(c.shape(2) == Shape{}) && !(c.shape(2) == Shape{1}) && !(c.shape(2) == Shape{p.n}))
      return invalid("input scale of shape ", c.shape(2), " is neither one number nor ", p.n);
  }
  if (c.has_input(3)) {
    OARLOCK_TRY(expect_dtype(c, 3, "bias", {DType::float32}));
    if (!broadcasts_to(c.shape(3), y))
      return invalid("input bias of shape ", c.shape(3), " does not broadcast to ", y);
  }
  OARLOCK_TRY(expect_optional(c, 4, "R", DType::float32, y));
  OARLOCK_TRY(checked_activation(c.attrs()).status());
  c.set_output(0, DType::float32, y);
  return {};
}

// oarlock.MatMul with B in float32.
Result<std::optional<Patch>> decompose(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const Tensor* b = graph.constant(node.input(1));
  const Tensor* scale = graph.constant(node.input(2));
  if (!b || (node.input(2) != kNone && !scale)) return std::nullopt;
  const bool transposed = node.attrs.integer("trans_b", 0) != 0;
  const Value values[] = {*b, scale ? Value(*scale) : Value(Tensor::scalar(1.0f))};
  OARLOCK_ASSIGN(
      const std::vector<Value> wide,
      b->dtype() == DType::int8
          ? evaluate_op("", "DequantizeLinear", {{"axis", int64_t{transposed ? 0 : 1}}}, values)
          : evaluate_op("", "Cast", {{"to", static_cast<int64_t>(DType::float32)}},
                        std::span(values).first(1)));
  Patch patch(graph);
  const ValueId weights = patch.add_constant(graph.value(node.input(1)).name, wide[0].tensor());
  std::vector<ValueId> inputs = {node.input(0), weights, node.input(3), node.input(4)};
  while (inputs.back() == kNone) inputs.pop_back();
  patch.replace(node.output(0), patch.add_node(node.name, kOarlockDomain, "MatMul",
                                               std::move(inputs), node.attrs)[0]);
  return patch;
}

double flops(const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  const auto p =
      product_shape(inputs[0].shape, inputs[1].shape, false, attrs.integer("trans_b") != 0);
  return p.ok() ? product_flops(*p) : 0;
}

}  // namespace

std::span<const OpDef> narrow_matmul_ops() {
  static const std::vector<OpDef> defs = [] {
    OpDef def{.domain = std::string(kOarlockDomain),
              .name = "NarrowMatMul",
              .attrs = {{"trans_b", 0}, {"alpha", 1.0f}},
              .inputs = {2, 5},
              .infer = infer,
              .decompose = decompose,
              .flops = flops};
    add_activation_attrs(def.attrs);
    return std::vector<OpDef>{std::move(def)};
  }();
  return defs;
}

}  // namespace oarlock::ops
