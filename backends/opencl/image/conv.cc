// Conv on images, depthwise or not.
#include <algorithm>

#include "backends/opencl/image/image.h"
#include "backends/opencl/ops/support/expression.h"
#include "backends/opencl/ops/support/packing.h"

namespace oarlock::opencl::image {

namespace {

constexpr int64_t kPixels = 4;  // of a work-item

struct Conv {
  Convolution conv;
  Packing packing;
  int64_t vectors = 1;  // blocks of channels of a work-item
  bool bias = false, residual = false;

  int64_t pixels() const { return std::min(kPixels, conv.x.out); }
  int64_t tiles() const { return ceil_div(conv.x.out, pixels()); }
  int64_t rows() const { return conv.batch * conv.y.out; }
  int64_t blocks() const { return ceil_div(conv.out_channels, 4); }
  int64_t group_out() const { return conv.out_channels / conv.groups; }
};

Result<Conv> read_conv(const NodeView& node, const Device& device) {
  Conv k;
  OARLOCK_ASSIGN(k.conv, read_convolution(node));
  const Convolution& c = k.conv;
  const bool depthwise = c.is_depthwise();
  const int64_t group_in = c.in_channels / c.groups;
  if (!depthwise && c.groups > 1 && (group_in % 4 != 0 || k.group_out() % 4 != 0))
    return unsupported("groups of ", group_in, " input and ", k.group_out(),
                       " output channels, not multiples of 4");
  k.packing = {c.taps(), group_in, c.out_channels, depthwise};
  k.bias = node.input_count() > 2 && node.has_input(2);
  k.residual = node.input_count() > 3 && node.has_input(3);
  OARLOCK_TRY(expect_images(node, device, {0}));
  // Before the layout takes them as 32-bit numbers.
  if (k.packing.rows() > kMostElements) return unsupported("too many weights");
  OARLOCK_TRY(expect_image(device, {node.input(1).dtype, node.input_shape(1), k.packing.layout()})
                  .within("weights"));
  const int64_t group_blocks = c.groups > 1 ? k.group_out() / 4 : k.blocks();
  if (!depthwise && group_blocks % 2 == 0) k.vectors = 2;
  return k;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Conv k, read_conv(node, device));
  KernelOption option;
  option.inputs = {Layout::image2d(), k.packing.layout()};
  if (node.input_count() > 2)
    option.inputs.push_back(
        padded_vector(node.input(0).dtype, k.conv.out_channels, k.blocks() * 4));
  if (node.input_count() > 3) option.inputs.push_back(Layout::image2d());
  option.outputs = {Layout::image2d()};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Conv k, read_conv(node, device));
  const Convolution& c = k.conv;
  Defines defines;
  defines.set("P", k.pixels())
      .set("U", k.vectors)
      .set("ACTIVATION(T, a)", activation_text(c.activation));
  if (k.bias) defines.set("BIAS");
  if (k.residual) defines.set("RESIDUAL");
  if (k.packing.depthwise) defines.set("DEPTHWISE");
  OARLOCK_ASSIGN(const ProgramSource source, image_program("conv_image", c.dtype, defines));
  OARLOCK_ASSIGN(
      LaunchPtr launch,
      Launch::make(
          cl_device(device), source, "conv_image", 3 + size_t{k.bias} + size_t{k.residual},
          Work::grid({k.tiles() * k.rows(), ceil_div(k.blocks(), k.vectors), 1}, {16, 4, 1})));
  OARLOCK_TRY(
      launch->scalars(pair(c.x.in, c.y.in), pair(c.x.out, c.y.out), pair(c.x.kernel, c.y.kernel),
                      pair(c.x.stride, c.y.stride), pair(c.x.dilation, c.y.dilation),
                      pair(c.x.pad_begin, c.y.pad_begin), narrow(ceil_div(k.packing.inputs, 4)),
                      narrow(c.groups > 1 ? std::max<int64_t>(k.group_out() / 4, 1) : k.blocks()),
                      narrow(k.blocks()), narrow(k.tiles()), narrow(k.rows())));
  return launch_given(std::move(launch), 4);
}

}  // namespace

std::span<const KernelDef> conv_kernels() {
  static const KernelDef defs[] = {image_kernel("Conv", "image2d/conv", match, create),
                                   image_kernel("oarlock.Conv", "image2d/conv", match, create)};
  return defs;
}

}  // namespace oarlock::opencl::image
