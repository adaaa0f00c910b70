// oarlock.Relayout between row-major and blocked channels.
#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

Result<KernelNeeds> match(const NodeView& view, const Device& device) {
  OARLOCK_TRY(expect_tensors(view));
  const RelayoutLayouts& layouts = *view.relayout();
  const Layout blocked = blocked_layout(device);
  const bool known = (layouts.from.is_row_major() && layouts.to == blocked) ||
                     (layouts.to.is_row_major() && layouts.from == blocked);
  if (!known) return unsupported("changes between row-major and ", blocked, " only");
  if (view.input_shape(0).rank() < 2) return unsupported("needs 2 or more dimensions");
  if (moved_as(view.input(0).dtype).empty())
    return unsupported("elements of type ", view.input(0).dtype);
  KernelOption option;
  option.inputs = {layouts.from};
  option.outputs = {layouts.to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  ClDevice& cl = cl_device(device);
  const Shape& shape = view.input_shape(0);
  const auto batch = static_cast<cl_int>(shape[0]), channels = static_cast<cl_int>(shape[1]);
  const auto pixels = static_cast<cl_int>(extent(shape, 2, shape.rank()));
  const int block = cl.traits().channel_block;
  const auto blocks = static_cast<cl_int>(ceil_div(channels, block));
  Defines defines;
  defines.set("TYPE", moved_as(view.input(0).dtype)).set("BLOCK", block);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("relayout", defines));
  const bool to_blocked = view.relayout()->from.is_row_major();
  OARLOCK_ASSIGN(const LaunchPtr launch,
                 Launch::make(cl, source, to_blocked ? "block_channels" : "unblock_channels", 2,
                              Work::grid({pixels, blocks, batch}, {16, 1, 1})));
  OARLOCK_TRY(launch->scalars(channels, pixels, blocks, batch));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> relayout_kernels();

std::span<const KernelDef> relayout_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "relayout", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
