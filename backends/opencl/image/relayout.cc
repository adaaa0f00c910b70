// oarlock.Relayout between images and buffers, row-major or in blocked channels, and of weights
// into images.
#include "backends/opencl/image/image.h"

namespace oarlock::opencl::image {

namespace {

bool is_plain_image(const Layout& layout) { return layout == Layout::image2d(); }

// Channels in a block of a buffer's layout; 0 for others.
int64_t block_of(const Layout& layout, const Device& device) {
  if (layout.is_row_major()) return 1;
  return layout == blocked_layout(device) ? layout.blocks[0].size : 0;
}

Result<KernelNeeds> match(const NodeView& view, const Device& device) {
  const RelayoutLayouts& layouts = *view.relayout();
  const bool moves = (is_plain_image(layouts.to) && block_of(layouts.from, device) > 0) ||
                     (is_plain_image(layouts.from) && block_of(layouts.to, device) > 0);
  const bool packs = layouts.from.is_row_major() && Packing::from(layouts.to);
  if (!moves && !packs) return unsupported("changes between buffers and images only");
  OARLOCK_TRY(expect_floats(view).status());
  OARLOCK_TRY(
      expect_image(device, {view.input(0).dtype, view.input_shape(0),
                            layouts.to.kind == Layout::Kind::image2d ? layouts.to : layouts.from}));
  KernelOption option;
  option.inputs = {layouts.from};
  option.outputs = {layouts.to};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> pack(const Packing& p, const ProgramSource& source, ClDevice& device) {
  OARLOCK_ASSIGN(LaunchPtr launch,
                 Launch::make(device, source, "pack_image", 2, texels(p.columns(), p.rows())));
  OARLOCK_TRY(launch->scalars(narrow(p.taps), narrow(p.inputs), narrow(p.outputs),
                              narrow(p.depthwise), narrow(p.columns()), narrow(p.rows())));
  return launch_given(std::move(launch), 1);
}

Result<KernelPtr> create(const NodeView& view, const KernelOption&, Device& device) {
  const RelayoutLayouts& layouts = *view.relayout();
  ClDevice& cl = cl_device(device);
  const bool to_image = layouts.to.kind == Layout::Kind::image2d;
  const auto packing = Packing::from(layouts.to);
  const int64_t block = packing ? 1 : block_of(to_image ? layouts.from : layouts.to, device);
  Defines defines;
  defines.set("BLOCK", block);
  OARLOCK_ASSIGN(const ProgramSource source,
                 image_program("move_image", view.input(0).dtype, defines));
  if (packing) return pack(*packing, source, cl);
  const Plane plane(view.input_shape(0));
  if (to_image) {
    OARLOCK_ASSIGN(LaunchPtr launch,
                   Launch::make(cl, source, "to_image", 2, texels(plane.columns(), plane.rows())));
    OARLOCK_TRY(launch->scalars(plane.extents()));
    return launch_given(std::move(launch), 1);
  }
  // Of four channels, in whole blocks of the buffer.
  const int64_t blocks =
      block == 1 ? plane.blocks() : ceil_div(plane.channels, block) * (block / 4);
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(cl, source, "from_image", 2,
                                                texels(blocks * plane.width, plane.rows())));
  OARLOCK_TRY(launch->scalars(plane.extents(), narrow(blocks)));
  return launch_given(std::move(launch), 1);
}

}  // namespace

std::span<const KernelDef> relayout_kernels() {
  static const KernelDef defs[] = {{"oarlock.Relayout", "image2d/relayout", match, create}};
  return defs;
}

}  // namespace oarlock::opencl::image
