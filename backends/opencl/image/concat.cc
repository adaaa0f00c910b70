// Concat and Split of images along their channels, in whole blocks of four.
#include <vector>

#include "backends/opencl/image/image.h"

namespace oarlock::opencl::image {

namespace {

struct Parts {
  std::vector<Plane> list;
  Plane whole;
};

Result<Parts> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  const bool split = node.node().op == "Split";
  const Shape& whole = split ? node.input_shape(0) : node.output_shape(0);
  if (whole.rank() != 3 && whole.rank() != 4)
    return unsupported("tensors of ", whole.rank(), " dimensions");
  if (normalize_axis(node.attrs().integer("axis", 0), whole.rank()) != size_t{1})
    return unsupported("along another axis than the channels");
  Parts parts{{}, Plane(whole)};
  const size_t count = split ? node.output_count() : node.input_count();
  for (size_t i = 0; i < count; ++i) {
    if (split && !node.has_output(i)) return unsupported("an omitted output");
    parts.list.emplace_back(split ? node.output_shape(i) : node.input_shape(i));
    if (i + 1 < count && parts.list.back().channels % 4 != 0)
      return unsupported("part ", i, " has ", parts.list.back().channels,
                         " channels, no multiple of 4");
  }
  return parts;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_ASSIGN(const Parts parts, read_node(node));
  const bool split = node.node().op == "Split";
  std::vector<size_t> inputs;
  for (size_t i = 0; i < (split ? 1 : parts.list.size()); ++i) inputs.push_back(i);
  OARLOCK_TRY(expect_images(node, device, inputs));
  KernelOption option;
  option.inputs.assign(node.input_count(), split ? Layout::row_major() : Layout::image2d());
  option.inputs[0] = Layout::image2d();
  option.outputs.assign(node.output_count(), Layout::image2d());
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Parts parts, read_node(node));
  const bool split = node.node().op == "Split";
  Defines defines;
  defines.set("BLOCK", 1);
  OARLOCK_ASSIGN(const ProgramSource source,
                 image_program("move_image", node.input(0).dtype, defines));
  std::vector<LaunchPtr> moves;
  int64_t at = 0;
  for (const Plane& part : parts.list) {
    OARLOCK_ASSIGN(LaunchPtr move, Launch::make(cl_device(device), source, "move_texels", 2,
                                                texels(part.columns(), part.rows())));
    OARLOCK_TRY(move->scalars(narrow(split ? at : 0), narrow(split ? 0 : at),
                              narrow(part.columns()), narrow(part.rows())));
    moves.push_back(std::move(move));
    at += part.columns();
  }
  return make_kernel([moves = std::move(moves), split](const KernelArgs& args) -> Status {
    for (size_t i = 0; i < moves.size(); ++i)
      OARLOCK_TRY(split ? moves[i]->run({args.inputs[0], args.outputs[i]})
                        : moves[i]->run({args.inputs[i], args.outputs[0]}));
    return {};
  });
}

}  // namespace

std::span<const KernelDef> concat_kernels() {
  static const KernelDef defs[] = {image_kernel("Concat", "image2d/concat", match, create),
                                   image_kernel("Split", "image2d/split", match, create)};
  return defs;
}

}  // namespace oarlock::opencl::image
