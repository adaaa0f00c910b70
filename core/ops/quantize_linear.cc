// QuantizeLinear (ONNX 28): y = saturate(round(x / y_scale) + y_zero_point).
#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"
#include "core/ops/support/quantization.h"

namespace oarlock::ops {

namespace {

Result<DType> output_type(const Attrs& attrs, DType zero_point) {
  const DType wanted = static_cast<DType>(attrs.integer("output_dtype"));
  if (zero_point != DType::undefined) {
    if (wanted != DType::undefined && wanted != zero_point)
      return invalid("attribute output_dtype is ", wanted, ", but y_zero_point is ", zero_point);
    return zero_point;
  }
  return wanted == DType::undefined ? DType::uint8 : wanted;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(
      c, 0, "x", {DType::float32, DType::float16, DType::bfloat16, DType::int32, DType::float64}));
  OARLOCK_TRY(expect_dtype(c, 1, "y_scale",
                           {DType::float32, DType::float16, DType::bfloat16, DType::int32,
                            DType::float8e8m0, DType::float64}));
  OARLOCK_ASSIGN(const DType dtype,
                 output_type(c.attrs(), c.has_input(2) ? c.dtype(2) : DType::undefined));
  if (!is_quantized_integer(dtype) && !is_small_float(dtype))
    return invalid("the output type ", dtype, " is not one to quantize to");
  if (c.has_input(2)) OARLOCK_TRY(expect_zero_point(c, 2, "y_zero_point", c.shape(1)));
  OARLOCK_TRY(ScaleMap::make(c.shape(0), c.shape(1), c.attrs().integer("axis", 1),
                             c.attrs().integer("block_size"))
                  .status());
  c.set_output(0, dtype, c.shape(0));
  return {};
}

// x / scale in the precision of `dtype`.
float divide(float x, float scale, DType precision) {
  const float quotient = x / scale;
  if (precision == DType::float16) return Float16(quotient);
  if (precision == DType::bfloat16) return BFloat16(quotient);
  return quotient;
}

Status quantize_linear(RunContext& c) {
  const Tensor& input = c.input(0);
  const bool has_zero = c.has_input(2);
  OARLOCK_ASSIGN(const DType dtype,
                 output_type(c.attrs(), has_zero ? c.input(2).dtype() : DType::undefined));
  OARLOCK_ASSIGN(const ScaleMap map,
                 ScaleMap::make(input.shape(), c.input(1).shape(), c.attrs().integer("axis", 1),
                                c.attrs().integer("block_size")));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, dtype, input.shape()));
  DType precision = static_cast<DType>(c.attrs().integer("precision"));
  if (precision == DType::undefined) precision = c.input(1).dtype();
  const Elements<float> x(input), scale(c.input(1));
  Elements<float> zero;
  if (has_zero) zero = Elements<float>(c.input(2));
  if (is_quantized_integer(dtype)) {
    const IntegerRange range = range_of(dtype);
    if (bits(dtype) < 8) std::fill_n(y->mutable_data(), y->bytes(), std::byte{0});
    for (int64_t i = 0; i < x.size(); ++i) {
      const int64_t at = map.index(i);
      store_integer(*y, i,
                    quantize(divide(x[i], scale[at], precision),
                             has_zero ? static_cast<int32_t>(zero[at]) : 0, range));
    }
    return {};
  }
  const bool saturate = c.attrs().integer("saturate", 1) != 0 || dtype == DType::float4e2m1;
  auto* out = reinterpret_cast<uint8_t*>(y->mutable_data());
  for (int64_t i = 0; i < x.size(); ++i) {
    const int64_t at = map.index(i);
    const float value = divide(x[i], scale[at], precision) + (has_zero ? zero[at] : 0);
    const uint8_t code = float_to_small_float(dtype, value, saturate);
    if (bits(dtype) == 8) {
      out[i] = code;
    } else {
      out[i / 2] = static_cast<uint8_t>(i % 2 == 0 ? code : out[i / 2] | code << 4);
    }
  }
  return {};
}

}  // namespace

std::span<const OpDef> quantize_linear_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "QuantizeLinear",
       .since_version = 28,
       .attrs =
           {{"axis", 1}, {"block_size", 0}, {"output_dtype", 0}, {"precision", 0}, {"saturate", 1}},
       .inputs = {2, 3},
       .infer = infer,
       .reference = quantize_linear},
  };
  return defs;
}

}  // namespace oarlock::ops
