#include "backends/cpu/ops/support/integer_conv.h"

namespace oarlock::cpu {

namespace kc = kernels::cpu;

Result<IntegerConv> integer_conv_of(const NodeView& node) {
  IntegerConv c;
  c.in = node.node().op == "QLinearConv" ? IntegerConv::Inputs{3, 2, 5, true}
                                         : IntegerConv::Inputs{1, 2, 3, false};
  const Shape& weights = node.input_shape(c.in.weights);
  if (weights.rank() < 3) return unsupported("needs weights of 3 or 4 dimensions");
  OARLOCK_ASSIGN(const WindowNode window, read_window(node, weights.dims().subspan(2)));
  c.batch = window.batch;
  c.shape = window.shape;
  c.shape.groups = node.attrs().integer("group", 1);
  const kc::ConvShape& s = c.shape;
  if (s.groups < 1 || s.in_channels % s.groups != 0 || s.out_channels % s.groups != 0 ||
      weights[0] != s.out_channels || weights[1] * s.groups != s.in_channels)
    return unsupported("the weights' shape ", to_string(weights), " does not fit ", s.in_channels,
                       " input channels in ", s.groups, " groups");
  const kc::PaddedPlane plane = kc::padded_plane(s);
  if (plane.rows > (1 << 24) || plane.row_pixels > (1 << 24) || plane.pixels() > (1 << 28) ||
      s.in_channels > (int64_t{1} << 30) / plane.pixels())
    return unsupported("an image that takes too much memory with its padding");
  c.x_signed = node.input(0).dtype == DType::int8;
  c.w_signed = node.input(c.in.weights).dtype == DType::int8;
  c.result = node.output(0).dtype;
  return c;
}

namespace {
int64_t padded_rows(const kc::ConvShape& shape) { return (shape.out_channels + 15) / 16 * 16; }
}  // namespace

int64_t IntegerConv::arrays() const { return 12 * padded_rows(shape); }

IntegerConvArrays IntegerConv::take_arrays(std::byte*& next) const {
  const int64_t rows = padded_rows(shape);
  auto* numbers = reinterpret_cast<int32_t*>(next);
  next += arrays();
  return {numbers, numbers + rows, reinterpret_cast<float*>(numbers + 2 * rows)};
}

kc::IntegerFinish IntegerConv::finish(const KernelArgs& args,
                                      const IntegerConvArrays& arrays) const {
  kc::IntegerFinish f;
  f.row_add = arrays.row_add;
  const bool biased = in.quantizes && args.inputs.size() > 8 && args.inputs[8];
  for (int64_t m = 0; m < shape.out_channels; ++m)
    arrays.row_add[m] = biased ? args.inputs[8].data<const int32_t>()[m] : 0;
  if (!in.quantizes) return f;
  const ScaleValues x(args, 1), w(args, 4), y(args, 6);
  for (int64_t m = 0; m < shape.out_channels; ++m) arrays.row_scale[m] = x[0] * w[m] / y[0];
  f.row_scale = arrays.row_scale;
  quantize_to(f, result, ZeroPoints(args, 7)[0]);
  return f;
}

}  // namespace oarlock::cpu
