// MaxPool, AveragePool, GlobalAveragePool and GlobalMaxPool in NCHW16c.
#include "kernels/cpu/pool.h"

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/window.h"

namespace oarlock::cpu {

namespace {

using kernels::cpu::PoolKind;

KernelNeeds blocked_needs() {
  KernelOption option;
  option.inputs = {blocked_layout()};
  option.outputs = {blocked_layout()};
  return KernelNeeds(std::move(option));
}

Result<WindowNode> read_node(const NodeView& view) {
  if (view.has_output(1)) return unsupported("indices of maxima are wanted");
  return read_pooling(view);
}

Result<KernelNeeds> match_pool(const NodeView& view, const Device&) {
  OARLOCK_TRY(read_node(view).status());
  KernelNeeds needs = blocked_needs();
  needs.options[0].outputs.resize(view.output_count());
  needs.options[0].outputs[0] = blocked_layout();
  return needs;
}

Result<KernelPtr> create_pool(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const WindowNode node, read_node(view));
  PoolKind kind = PoolKind::max;
  if (view.node().op == "AveragePool") {
    kind = view.attrs().integer("count_include_pad") != 0 ? PoolKind::average_with_padding
                                                          : PoolKind::average;
  }
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([node, kind, &cpu](const KernelArgs& args) {
    // Images follow one another as further blocks of channels.
    kernels::cpu::ConvShape shape = node.shape;
    const int64_t rows = node.batch * shape.in_blocks() * shape.out_height;
    const int64_t grain = 1 + 8192 / (shape.out_width * shape.taps());
    const auto* input = args.inputs[0].data<const float>();
    auto* output = args.outputs[0].data<float>();
    cpu.parallel(rows, grain, [&](int64_t begin, int64_t end, int) {
      kernels::cpu::pool(kind, shape, node.end_padding, input, output, {begin, end});
    });
    return Status();
  });
}

// Blocks of channels in all images, and pixels of a channel.
struct GlobalNode {
  int64_t blocks, pixels;
};

Result<GlobalNode> read_global(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const Shape& shape = view.input_shape(0);
  if (shape.rank() < 3) return unsupported("needs an input of at least 3 dimensions");
  const int64_t elements = shape.elements().value_or(0);
  if (elements <= 0) return unsupported("the input is empty");
  return GlobalNode{shape[0] * ((shape[1] + 15) / 16), elements / (shape[0] * shape[1])};
}

Result<KernelNeeds> match_global(const NodeView& view, const Device&) {
  OARLOCK_TRY(read_global(view).status());
  return blocked_needs();
}

Result<KernelPtr> create_global(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const GlobalNode node, read_global(view));
  const bool average = view.node().op == "GlobalAveragePool";
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([node, average, &cpu](const KernelArgs& args) {
    const auto* input = args.inputs[0].data<const float>();
    auto* output = args.outputs[0].data<float>();
    cpu.parallel(node.blocks, 1 + 4096 / node.pixels, [&](int64_t begin, int64_t end, int) {
      const auto run = average ? kernels::cpu::global_average : kernels::cpu::global_max;
      run(input, node.pixels, output, {begin, end});
    });
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> pool_kernels();

std::span<const KernelDef> pool_kernels() {
  static const KernelDef defs[] = {
      {"MaxPool", "max_pool_f32_nchw16c", match_pool, create_pool},
      {"AveragePool", "average_pool_f32_nchw16c", match_pool, create_pool},
      {"GlobalAveragePool", "global_average_pool_f32_nchw16c", match_global, create_global},
      {"GlobalMaxPool", "global_max_pool_f32_nchw16c", match_global, create_global},
  };
  return defs;
}

}  // namespace oarlock::cpu
