#include "backends/opencl/ops/support/convolution.h"

namespace oarlock::opencl {

Result<Activation> read_activation(const NodeView& node) {
  if (node.node().domain != kOarlockDomain) return Activation{};
  if (const std::optional<Activation> activation = activation_from(node.attrs()))
    return *activation;
  return unsupported("no kernel fuses activation ", node.attrs().string("activation"));
}

Result<Convolution> read_convolution(const NodeView& node) {
  Convolution c;
  OARLOCK_ASSIGN(c.dtype, expect_floats(node));
  const Shape &in = node.input_shape(0), &weights = node.input_shape(1),
              &out = node.output_shape(0);
  if (in.rank() != 3 && in.rank() != 4)
    return unsupported("needs an input of 3 or 4 dimensions, but it has ", in.rank());
  const size_t spatial = in.rank() - 2;
  c.transposed = node.node().op == "ConvTranspose";
  c.batch = in[0];
  c.in_channels = in[1];
  c.out_channels = out[1];
  c.groups = node.attrs().integer("group", 1);
  if (c.groups < 1 || c.in_channels % c.groups != 0 || c.out_channels % c.groups != 0)
    return unsupported(c.in_channels, " input and ", c.out_channels, " output channels in ",
                       c.groups, " groups");
  OARLOCK_ASSIGN(c.x, read_window_axis(node, spatial - 1, weights[spatial + 1], c.transposed));
  if (spatial == 2) {
    OARLOCK_ASSIGN(c.y, read_window_axis(node, 0, weights[2], c.transposed));
  }
  if (c.taps() > (1 << 20)) return unsupported("a window of ", c.taps(), " elements");
  if (storage_bytes({c.dtype, weights, {}}).value_or(0) > size_t{1} << 30)
    return unsupported("weights of more than 1 GiB");
  OARLOCK_ASSIGN(c.activation, read_activation(node));
  return c;
}

}  // namespace oarlock::opencl
