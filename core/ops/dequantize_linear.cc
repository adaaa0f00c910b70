// DequantizeLinear (ONNX 28): y = (x - x_zero_point) * x_scale.
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/quantization.h"

namespace oarlock::ops {

namespace {

DType output_type(const Attrs& attrs, DType scale) {
  const DType wanted = static_cast<DType>(attrs.integer("output_dtype"));
  return wanted == DType::undefined ? scale : wanted;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  const DType dtype = c.dtype(0);
  if (!is_quantized_integer(dtype) && !is_small_float(dtype) && dtype != DType::int32)
    return invalid("input x is ", dtype, ", which is not a quantized type");
  OARLOCK_TRY(expect_dtype(
      c, 1, "x_scale",
      {DType::float32, DType::float16, DType::bfloat16, DType::float8e8m0, DType::float64}));
  const DType result = output_type(c.attrs(), c.dtype(1));
  if (result != DType::float32 && result != DType::float16 && result != DType::bfloat16 &&
      result != DType::float64)
    return invalid("the output type ", result,
                   " is none of float32, float16, bfloat16; set attribute output_dtype");
  if (c.has_input(2)) {
    OARLOCK_TRY(expect_same_dtype(c, 2, "x_zero_point", dtype));
    OARLOCK_TRY(expect_zero_point(c, 2, "x_zero_point", c.shape(1)));
  }
  OARLOCK_TRY(ScaleMap::make(c.shape(0), c.shape(1), c.attrs().integer("axis", 1),
                             c.attrs().integer("block_size"))
                  .status());
  c.set_output(0, result, c.shape(0));
  return {};
}

template <class C>
Status run(RunContext& c) {
  const Tensor& input = c.input(0);
  OARLOCK_ASSIGN(const ScaleMap map,
                 ScaleMap::make(input.shape(), c.input(1).shape(), c.attrs().integer("axis", 1),
                                c.attrs().integer("block_size")));
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, output_type(c.attrs(), c.input(1).dtype()), input.shape()));
  const Elements<C> x(input), scale(c.input(1));
  Elements<C> zero;
  if (c.has_input(2)) zero = Elements<C>(c.input(2));
  Results<C> out(*y);
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t at = map.index(i);
    out[i] = (zero.empty() ? x[i] : x[i] - zero[at]) * scale[at];
  }
  out.store();
  return {};
}

// int32 needs double to be exact.
Status dequantize_linear(RunContext& c) {
  return c.input(0).dtype() == DType::int32 ? run<double>(c) : run<float>(c);
}

}  // namespace

std::span<const OpDef> dequantize_linear_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "DequantizeLinear",
       .since_version = 28,
       .attrs = {{"axis", 1}, {"block_size", 0}, {"output_dtype", 0}},
       .inputs = {2, 3},
       .infer = infer,
       .reference = dequantize_linear},
  };
  return defs;
}

}  // namespace oarlock::ops
