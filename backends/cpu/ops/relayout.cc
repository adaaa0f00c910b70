// oarlock.Relayout between row-major and NCHW16c.
#include "kernels/cpu/relayout.h"

#include <algorithm>

#include "backends/cpu/device.h"
#include "backends/cpu/ops/window.h"

namespace oarlock::cpu {

namespace {

struct RelayoutNode {
  int64_t batch, channels, pixels;
  bool to_blocked;
};

Result<RelayoutNode> read_node(const NodeView& view) {
  OARLOCK_TRY(expect_float32(view));
  const RelayoutLayouts& layouts = *view.relayout();
  const bool to_blocked = layouts.from.is_row_major() && layouts.to == blocked_layout();
  if (!to_blocked && !(layouts.to.is_row_major() && layouts.from == blocked_layout())) {
    return unsupported("changes between row-major and NCHW16c only");
  }
  const Shape& shape = view.input_shape(0);
  const int64_t elements = shape.elements().value_or(0);
  if (shape.rank() < 2 || elements <= 0)
    return unsupported("needs 2 or more dimensions, none empty");
  return RelayoutNode{shape[0], shape[1], elements / (shape[0] * shape[1]), to_blocked};
}

Result<KernelNeeds> match(const NodeView& view, const Device&) {
  OARLOCK_TRY(read_node(view).status());
  KernelOption option;
  option.inputs = {view.relayout()->from};
  option.outputs = {view.relayout()->to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const RelayoutNode node, read_node(view));
  const CpuDevice& cpu = cpu_device(device);
  return make_kernel([node, &cpu](const KernelArgs& args) {
    const auto* from = args.inputs[0].data<const float>();
    auto* to = args.outputs[0].data<float>();
    const int64_t blocks = (node.channels + 15) / 16;
    const int64_t planar = node.channels * node.pixels, blocked = blocks * 16 * node.pixels;
    // Units are chunks of pixels of one block.
    const int64_t chunk = std::min<int64_t>(node.pixels, 1024);
    const int64_t chunks = (node.pixels + chunk - 1) / chunk;
    const int64_t units = node.batch * blocks * chunks;
    cpu.parallel(units, 1 + 2048 / chunk, [&](int64_t begin, int64_t end, int) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t image = unit / (blocks * chunks), block = unit / chunks % blocks;
        const int64_t first = unit % chunks * chunk;
        const kernels::cpu::Range pixels = {first, std::min(first + chunk, node.pixels)};
        const kernels::cpu::Range one = {block, block + 1};
        if (node.to_blocked) {
          kernels::cpu::block_channels(from + image * planar, node.channels, node.pixels,
                                       to + image * blocked, one, pixels);
        } else {
          kernels::cpu::unblock_channels(from + image * blocked, node.channels, node.pixels,
                                         to + image * planar, one, pixels);
        }
      }
    });
    return Status();
  });
}

}  // namespace

std::span<const KernelDef> relayout_kernels();

std::span<const KernelDef> relayout_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "relayout_f32_nchw16c", match, create}};
  return defs;
}

}  // namespace oarlock::cpu
