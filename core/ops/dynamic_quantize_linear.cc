// DynamicQuantizeLinear (ONNX 11): to uint8 with scale and zero point from the range of x.
#include <algorithm>
#include <cmath>

#include "core/ops/support/check.h"
#include "core/ops/support/quantization.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "x", {DType::float32}));
  c.set_output(0, DType::uint8, c.shape(0));
  c.set_output(1, DType::float32, {});
  c.set_output(2, DType::uint8, {});
  return {};
}

Status dynamic_quantize_linear(RunContext& c) {
  const auto x = c.input(0).as<float>();
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::uint8, c.input(0).shape()));
  OARLOCK_ASSIGN(Tensor* const y_scale, c.output(1, DType::float32, {}));
  OARLOCK_ASSIGN(Tensor* const y_zero, c.output(2, DType::uint8, {}));
  float least = 0, most = 0;
  for (float value : x) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const float scale = most == least ? 1.0f : (most - least) / 255.0f;
  const int32_t zero = quantize(std::clamp(0 - least / scale, 0.0f, 255.0f), 0, {0, 255});
  const auto out = y->mutable_as<uint8_t>();
  for (size_t i = 0; i < x.size(); ++i)
    out[i] = static_cast<uint8_t>(quantize(x[i] / scale, zero, {0, 255}));
  y_scale->mutable_as<float>()[0] = scale;
  y_zero->mutable_as<uint8_t>()[0] = static_cast<uint8_t>(zero);
  return {};
}

}  // namespace

std::span<const OpDef> dynamic_quantize_linear_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "DynamicQuantizeLinear",
       .since_version = 11,
       .inputs = 1,
       .outputs = 3,
       .infer = infer,
       .reference = dynamic_quantize_linear},
  };
  return defs;
}

}  // namespace oarlock::ops
