#include "core/ops/support/convolution.h"

#include "core/ops/support/check.h"

namespace oarlock::ops {

Result<Window> convolution_window(const InferContext& c, size_t x, size_t w) {
  OARLOCK_TRY(expect_min_rank(c, x, "X", 3));
  OARLOCK_TRY(expect_rank(c, w, "W", c.shape(x).rank()));
  const Shape& input = c.shape(x);
  const Shape& weights = c.shape(w);
  const int64_t groups = c.attrs().integer("group", 1);
  if (groups < 1) return invalid("attribute group must be 1 or more, but is ", groups);
  if (input[1] != Shape::kUnknown && input[1] % groups != 0)
    return invalid("X has ", input[1], " channels, which do not divide into ", groups, " groups");
  if (weights[0] != Shape::kUnknown && weights[0] % groups != 0)
    return invalid("W has ", weights[0], " filters, which do not divide into ", groups, " groups");
  if (input[1] != Shape::kUnknown && !agree(input[1] / groups, weights[1])) {
    return invalid("X has shape ", input, " and group is ", groups, ", so W must have ",
                   input[1] / groups, " channels, but its shape is ", weights);
  }
  return window_from(c.attrs(), input.dims().subspan(2), weights.dims().subspan(2));
}

double convolution_flops(std::span<const TypeInfo> inputs, std::span<const TypeInfo> outputs) {
  const Shape& weights = inputs[1].shape;
  double flops = 2;
  for (int64_t extent : outputs[0].shape) flops *= static_cast<double>(extent);
  for (size_t d = 1; d < weights.rank(); ++d) flops *= static_cast<double>(weights[d]);
  return flops;
}

}  // namespace oarlock::ops
