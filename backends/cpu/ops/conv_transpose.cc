// ConvTranspose in NCHW16c.
#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/conv_node.h"
#include "backends/cpu/ops/packing.h"
#include "kernels/cpu/conv.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::ConvShape;
using kernels::cpu::DirectConv;

// Pixels cut from the beginning of axis i: the attribute, or what is left over from the output.
int64_t pad_begin(const NodeView& view, size_t i, int64_t kernel, int64_t stride,
                  int64_t dilation) {
  const auto entry = [&](std::string_view name, size_t index, int64_t fallback) {
    const auto& list = view.attrs().integers(name);
    return index < list.size() ? list[index] : fallback;
  };
  const std::string& automatic = view.attrs().string("auto_pad");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  const bool given = i < view.attrs().integers("output_shape").size();
  if (!same && !given) return automatic == "VALID" ? 0 : entry("pads", i, 0);
  const int64_t full = (view.input_shape(0)[i + 2] - 1) * stride + entry("output_padding", i, 0) +
                       (kernel - 1) * dilation + 1;
  const int64_t total = std::max<int64_t>(full - view.output_shape(0)[i + 2], 0);
  return automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
}

Result<WindowNode> read_node(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const Shape& weights = view.input_shape(1);
  if (weights.rank() < 3) return unsupported("needs weights of 3 or 4 dimensions");
  OARLOCK_ASSIGN(WindowNode node, read_window(view, weights.dims().subspan(2)));
  ConvShape& s = node.shape;
  s.groups = view.attrs().integer("group", 1);
  if (s.groups < 1 || s.in_channels % s.groups != 0 || s.out_channels % s.groups != 0 ||
      weights[0] != s.in_channels || weights[1] * s.groups != s.out_channels) {
    return unsupported("the weights' shape ", to_string(weights), " does not fit");
  }
  const size_t wide = weights.rank() - 3;
  s.pad_left = pad_begin(view, wide, s.kernel_width, s.stride_width, s.dilation_width);
  if (wide == 1) {
    s.pad_top = pad_begin(view, 0, s.kernel_height, s.stride_height, s.dilation_height);
  }
  if (s.out_pixels() * s.taps() > (1 << 24)) {
    return unsupported("kernel and output together are too large");
  }
  return node;
}

Result<KernelNeeds> match(const NodeView& view, const Device&) {
  OARLOCK_ASSIGN(const WindowNode node, read_node(view));
  KernelOption option;
  option.inputs = {blocked_layout(), transposed_weights_layout(node.shape)};
  if (view.input_count() > 2)
    option.inputs.push_back(padded_vector_layout(node.shape.out_channels));
  option.outputs = {blocked_layout()};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const WindowNode node, read_node(view));
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([node, &cpu, conv = DirectConv(node.shape, true)](const KernelArgs& args) {
    DirectConv::Args base;
    base.weights = args.inputs[1].data<const float>();
    base.bias = optional_input(args, 2);
    const ConvShape& s = node.shape;
    for (int64_t image = 0; image < node.batch; ++image) {
      base.input = args.inputs[0].data<const float>() + image * s.in_blocks() * s.in_pixels() * 16;
      base.output = args.outputs[0].data<float>() + image * s.out_blocks() * s.out_pixels() * 16;
      cpu.parallel(conv.tile_count(), 4, [&](int64_t begin, int64_t end, int) {
        conv.run(base, {begin, end}, {0, conv.panel_count()});
      });
    }
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> conv_transpose_kernels();

std::span<const KernelDef> conv_transpose_kernels() {
  static const KernelDef defs[] = {{"ConvTranspose", "conv_transpose_f32_nchw16c", match, create}};
  return defs;
}

}  // namespace oarlock::cpu
