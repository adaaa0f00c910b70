#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/ops/support/check.h"
#include "core/ops/support/decomposition.h"

// What operators of com.microsoft share: those that ONNX Runtime's exporters, optimizers and
// quantizers put into models.
namespace oarlock::ops {

inline constexpr const char* kMicrosoft = "com.microsoft";

// Their optional inputs may stand before required ones.
Status expect_present(const InferContext& c,
                      std::initializer_list<std::pair<size_t, std::string_view>> inputs);
// One element, in a tensor of at most one dimension.
Status expect_single(const InferContext& c, size_t i, std::string_view name);

// A quantized tensor in three inputs: x (int8 or uint8), its scale, its zero point (optional).
Status expect_quantized(const InferContext& c, size_t x, std::string_view name);
// A scale and a zero point (optional) for results of element type `dtype`.
Status expect_output_scale(const InferContext& c, size_t scale, DType dtype);
ValueId dequantized(Decomposition& d, size_t x);
// Replaces output 0 by `y` quantized with inputs `scale` and `scale` + 1.
void replace_quantized(Decomposition& d, ValueId y, size_t scale, DType dtype);

// Matrix products of integers; kNone for what is missing. Scales and zero points are single or, for
// b, one for each column.
struct IntegerProduct {
  ValueId a = kNone, b = kNone, a_zero = kNone, b_zero = kNone, a_scale = kNone, b_scale = kNone;
  ValueId c = kNone;     // int32, added before scaling
  ValueId bias = kNone;  // added after scaling
  float alpha = 1;
  DType dtype = DType::float32;  // of scales and result
};
ValueId integer_product(Decomposition& d, const IntegerProduct& product);
// The scale and zero point of columns of b: single, or as many as its last axis.
Status expect_columns(const InferContext& c, size_t i, std::string_view name, int64_t columns);

// An activation after a convolution or product: attribute `name`, "" for none.
struct ActivationAttrs {
  std::string_view name;
  std::optional<float> alpha, beta, gamma;
};
Status check_activation(const ActivationAttrs& activation);
ValueId add_activation(Decomposition& d, ValueId x, DType dtype, const ActivationAttrs& activation);

}  // namespace oarlock::ops
