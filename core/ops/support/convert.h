#pragma once

#include "oarlock/plugin/numeric.h"
#include "oarlock/tensor.h"

namespace oarlock::ops {

struct ConversionOptions {
  bool saturate = true;                              // to the float8 kinds
  ScaleRounding scale_rounding = ScaleRounding::up;  // to float8e8m0
};

// Converts the elements of `from` to the type of `to`, which has as many. All types but the complex
// ones. Floats become integers by truncation: out of range saturates to 32 or 64 bits, narrower
// integers take the low bits. Text is read as a decimal number, "nan" or "inf" in any case, and
// written as the shortest decimal that reads back as the same value.
Status convert(const Tensor& from, Tensor& to, const ConversionOptions& options = {});
bool is_convertible(DType from, DType to);

}  // namespace oarlock::ops
