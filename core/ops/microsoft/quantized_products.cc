// QGemm, DynamicQuantizeMatMul and MatMulIntegerToFloat of com.microsoft (1).
#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

Status expect_bytes(const InferContext& c, size_t i, std::string_view name) {
  OARLOCK_TRY(expect_dtype(c, i, name, {DType::uint8, DType::int8}));
  return expect_min_rank(c, i, name, 1);
}

// The scale and the zero point (optional) of the columns of B.
Status expect_column_scales(const InferContext& c, size_t b, size_t scale, size_t zero,
                            int64_t columns, DType dtype) {
  OARLOCK_TRY(expect_same_dtype(c, scale, "b_scale", dtype));
  OARLOCK_TRY(expect_columns(c, scale, "b_scale", columns));
  if (!c.has_input(zero)) return {};
  OARLOCK_TRY(expect_same_dtype(c, zero, "b_zero_point", c.dtype(b)));
  return expect_columns(c, zero, "b_zero_point", columns);
}

Status expect_bias(const InferContext& c, size_t i, int64_t columns, DType dtype) {
  if (!c.has_input(i)) return {};
  OARLOCK_TRY(expect_same_dtype(c, i, "bias", dtype));
  return expect_shape(c, i, "bias", {columns});
}

// A, B, b_scale, b_zero_point, bias.
Status check_dynamic(InferContext& c) {
  OARLOCK_TRY(expect_dtype(c, 0, "A", {DType::float32}));
  OARLOCK_TRY(expect_min_rank(c, 0, "A", 1));
  OARLOCK_TRY(expect_bytes(c, 1, "B"));
  const int64_t columns = c.shape(1).back();
  OARLOCK_TRY(expect_column_scales(c, 1, 2, 3, columns, DType::float32));
  return expect_bias(c, 4, columns, DType::float32);
}

Result<bool> dynamic_product(Decomposition& d) {
  const auto a = d.add_many("DynamicQuantizeLinear", {d.input(0)}, {}, 3);
  d.replace(0, integer_product(d, {.a = a[0],
                                   .b = d.input(1),
                                   .a_zero = a[2],
                                   .b_zero = d.input(3),
                                   .a_scale = a[1],
                                   .b_scale = d.input(2),
                                   .bias = d.input(4)}));
  return true;
}

// A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias.
Status check_to_float(InferContext& c) {
  OARLOCK_TRY(expect_bytes(c, 0, "A"));
  OARLOCK_TRY(expect_bytes(c, 1, "B"));
  OARLOCK_TRY(expect_dtype(c, 2, "a_scale", {DType::float32, DType::float16}));
  OARLOCK_TRY(expect_single(c, 2, "a_scale"));
  if (c.has_input(4)) {
    OARLOCK_TRY(expect_same_dtype(c, 4, "a_zero_point", c.dtype(0)));
    OARLOCK_TRY(expect_single(c, 4, "a_zero_point"));
  }
  const int64_t columns = c.shape(1).back();
  OARLOCK_TRY(expect_column_scales(c, 1, 3, 5, columns, c.dtype(2)));
  return expect_bias(c, 6, columns, c.dtype(2));
}

Result<bool> product_to_float(Decomposition& d) {
  d.replace(0, integer_product(d, {.a = d.input(0),
                                   .b = d.input(1),
                                   .a_zero = d.input(4),
                                   .b_zero = d.input(5),
                                   .a_scale = d.input(2),
                                   .b_scale = d.input(3),
                                   .bias = d.input(6),
                                   .dtype = d.dtype(2)}));
  return true;
}

// A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point.
Status check_gemm(InferContext& c) {
  OARLOCK_TRY(expect_quantized(c, 0, "A"));
  OARLOCK_TRY(expect_rank(c, 0, "A", 2));
  OARLOCK_TRY(expect_bytes(c, 3, "B"));
  OARLOCK_TRY(expect_rank(c, 3, "B", 2));
  const Shape& a = c.shape(0);
  const Shape& b = c.shape(3);
  const bool a_turned = c.attrs().integer("transA") != 0;
  const bool b_turned = c.attrs().integer("transB") != 0;
  const int64_t rows = a[a_turned ? 1 : 0], columns = b[b_turned ? 0 : 1];
  if (!agree(a[a_turned ? 0 : 1], b[b_turned ? 1 : 0]))
    return invalid("A of shape ", a, " and B of shape ", b, " do not fit together");
  OARLOCK_TRY(expect_column_scales(c, 3, 4, 5, columns, DType::float32));
  if (c.has_input(6)) {
    OARLOCK_TRY(expect_dtype(c, 6, "C", {DType::int32}));
    if (!broadcasts_to(c.shape(6), {rows, columns}))
      return invalid("input C of shape ", c.shape(6), " does not broadcast to ",
                     Shape{rows, columns});
  }
  if (!c.has_input(7)) return {};
  OARLOCK_TRY(expect_output_scale(c, 7, c.has_input(8) ? c.dtype(8) : c.dtype(0)));
  if (!c.has_input(8)) return {};
  return expect_dtype(c, 8, "y_zero_point", {DType::uint8, DType::int8});
}

Result<bool> gemm(Decomposition& d) {
  const auto turned = [&](size_t i, std::string_view name) {
    return d.attrs().integer(name) != 0 ? d.transpose(d.input(i), {1, 0}) : d.input(i);
  };
  const ValueId y = integer_product(d, {.a = turned(0, "transA"),
                                        .b = turned(3, "transB"),
                                        .a_zero = d.input(2),
                                        .b_zero = d.input(5),
                                        .a_scale = d.input(1),
                                        .b_scale = d.input(4),
                                        .c = d.input(6),
                                        .alpha = d.attrs().number("alpha")});
  if (d.has_input(7))
    replace_quantized(d, y, 7, d.has_input(8) ? d.dtype(8) : d.dtype(0));
  else
    d.replace(0, y);
  return true;
}

}  // namespace

std::span<const OpDef> quantized_products_ops() {
  static const std::vector<OpDef> defs = {
      function_op({.domain = kMicrosoft, .name = "DynamicQuantizeMatMul", .inputs = {3, 5}},
                  check_dynamic, dynamic_product),
      function_op({.domain = kMicrosoft, .name = "MatMulIntegerToFloat", .inputs = {4, 7}},
                  check_to_float, product_to_float),
      function_op({.domain = kMicrosoft,
                   .name = "QGemm",
                   .attrs = {{"alpha", 1.0f}, {"transA", 0}, {"transB", 0}},
                   .inputs = {5, 9}},
                  check_gemm, gemm),
  };
  return defs;
}

}  // namespace oarlock::ops
