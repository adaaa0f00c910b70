// QLinearAdd, QLinearMul, QLinearLeakyRelu, QLinearSigmoid, QLinearSoftmax and QLinearConcat of
// com.microsoft (1): the operation on dequantized numbers, its results quantized.
#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

// A, B, C with a scale and a zero point each.
Status check_binary(InferContext& c) {
  OARLOCK_TRY(expect_quantized(c, 0, "A"));
  OARLOCK_TRY(expect_quantized(c, 3, "B"));
  OARLOCK_TRY(expect_same_dtype(c, 3, "B", c.dtype(0)));
  OARLOCK_TRY(expect_output_scale(c, 6, c.dtype(0)));
  if (!broadcast(c.shape(0), c.shape(3)))
    return invalid("A of shape ", c.shape(0), " and B of shape ", c.shape(3), " do not broadcast");
  return {};
}

Status binary_types(InferContext& c) {
  c.set_output(0, c.dtype(0), *broadcast(c.shape(0), c.shape(3)));
  return {};
}

OpDef binary_op(const char* name, const char* op) {
  return function_op(
      {.domain = kMicrosoft, .name = name, .inputs = {1, 8}}, check_binary,
      [op](Decomposition& d) -> Result<bool> {
        replace_quantized(d, d.add(op, {dequantized(d, 0), dequantized(d, 3)}), 6, d.dtype(0));
        return true;
      },
      binary_types);
}

// X and Y with a scale and a zero point each.
Status check_unary(InferContext& c) {
  OARLOCK_TRY(expect_quantized(c, 0, "X"));
  return expect_output_scale(c, 3, c.dtype(0));
}

Status check_softmax(InferContext& c) {
  OARLOCK_TRY(check_unary(c));
  return checked_axis(c.attrs().integer("axis", -1), c.shape(0).rank()).status();
}

OpDef unary_op(OpDef def, Check check, std::function<ValueId(Decomposition&, ValueId)> apply) {
  def.domain = kMicrosoft;
  def.inputs = {1, 5};
  return function_op(
      std::move(def), std::move(check),
      [apply = std::move(apply)](Decomposition& d) -> Result<bool> {
        replace_quantized(d, apply(d, dequantized(d, 0)), 3, d.dtype(0));
        return true;
      },
      same_type_as_input);
}

// Before opset 13 all axes from `axis` on were one.
ValueId softmax(Decomposition& d, ValueId x) {
  const int64_t axis = d.attrs().integer("axis");
  if (d.attrs().integer("opset") >= 13) return d.add("Softmax", {x}, {{"axis", axis}});
  const ValueId flat = d.add("Flatten", {x}, {{"axis", axis}});
  const ValueId y = d.add("Softmax", {flat}, {{"axis", int64_t{-1}}});
  return d.add("Reshape", {y, d.add("Shape", {d.input(0)})});
}

// Y_scale, Y_zero_point, then three inputs for each part.
Status check_concat(InferContext& c) {
  OARLOCK_TRY(expect_present(c, {{1, "Y_zero_point"}}));
  OARLOCK_TRY(expect_dtype(c, 1, "Y_zero_point", {DType::uint8, DType::int8}));
  OARLOCK_TRY(expect_output_scale(c, 0, c.dtype(1)));
  if (c.input_count() < 5 || (c.input_count() - 2) % 3 != 0)
    return invalid("has ", c.input_count(),
                   " inputs, expected Y_scale, Y_zero_point and three for each part");
  for (size_t i = 2; i < c.input_count(); i += 3) {
    OARLOCK_TRY(expect_quantized(c, i, concat("part ", (i - 2) / 3)));
    OARLOCK_TRY(expect_rank(c, i, concat("part ", (i - 2) / 3), c.shape(2).rank()));
  }
  return checked_axis(c.attrs().integer("axis"), c.shape(2).rank()).status();
}

Result<bool> join(Decomposition& d) {
  std::vector<ValueId> parts;
  for (size_t i = 2; i < d.input_count(); i += 3) parts.push_back(dequantized(d, i));
  const ValueId y = d.add("Concat", std::move(parts), {{"axis", d.attrs().integer("axis")}});
  replace_quantized(d, y, 0, d.dtype(1));
  return true;
}

}  // namespace

std::span<const OpDef> qlinear_elementwise_ops() {
  static const std::vector<OpDef> defs = {
      binary_op("QLinearAdd", "Add"),
      function_op({.domain = kMicrosoft,
                   .name = "QLinearConcat",
                   .attrs = {AttrDef::must("axis", AttrKind::integer)},
                   .inputs = {5, Arity::kMany}},
                  check_concat, join),
      unary_op({.name = "QLinearLeakyRelu", .attrs = {{"alpha", 0.01f}}}, check_unary,
               [](Decomposition& d, ValueId x) {
                 return d.add("LeakyRelu", {x}, {{"alpha", d.attrs().number("alpha")}});
               }),
      binary_op("QLinearMul", "Mul"),
      unary_op({.name = "QLinearSigmoid"}, check_unary,
               [](Decomposition& d, ValueId x) { return d.add("Sigmoid", {x}); }),
      unary_op({.name = "QLinearSoftmax",
                .attrs = {{"axis", -1}, AttrDef::must("opset", AttrKind::integer)}},
               check_softmax, softmax),
  };
  return defs;
}

}  // namespace oarlock::ops
