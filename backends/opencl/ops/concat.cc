// Concat and Split along one axis: pieces of memory that often need no copy at all.
#include <vector>

#include "backends/opencl/ops/support/strided_copy.h"

namespace oarlock::opencl {

namespace {

// Input i of Concat, or output i of Split, as a part of the whole.
struct Pieces {
  std::vector<StridedCopy> list;  // from the part to the whole
  bool together = true;           // every part lies in one piece of the whole
};

// Blocked channels need whole blocks, except in the last part.
Result<Pieces> pieces_of(const Shape& whole, const std::vector<Shape>& parts, size_t axis,
                         int64_t block) {
  Pieces pieces;
  const std::vector<int64_t> extents = memory_extents(whole, block);
  const std::vector<int64_t> strides = row_major_strides(extents);
  int64_t start = 0;
  for (size_t i = 0; i < axis; ++i) pieces.together = pieces.together && extents[i] == 1;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (block > 1 && axis == 1 && i + 1 < parts.size() && parts[i][1] % block != 0)
      return unsupported("parts that are not whole blocks of channels");
    StridedCopy copy;
    copy.extents = memory_extents(parts[i], block);
    copy.from = row_major_strides(copy.extents);
    copy.to = strides;
    copy.to_start = start * strides[axis];
    start += copy.extents[axis];
    OARLOCK_TRY(expect_few_axes(copy));
    pieces.list.push_back(std::move(copy));
  }
  return pieces;
}

Result<Pieces> read_node(const NodeView& node, int64_t block) {
  OARLOCK_TRY(expect_tensors(node));
  if (moved_as(node.input(0).dtype).empty())
    return unsupported("elements of type ", node.input(0).dtype);
  const bool split = node.node().op == "Split";
  const Shape& whole = split ? node.input_shape(0) : node.output_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), whole.rank());
  if (!axis) return unsupported("an axis outside the rank");
  std::vector<Shape> parts;
  for (size_t i = 0; i < (split ? node.output_count() : node.input_count()); ++i) {
    if (split && !node.has_output(i)) return unsupported("an omitted output");
    parts.push_back(split ? node.output_shape(i) : node.input_shape(i));
  }
  return pieces_of(whole, parts, *axis, block);
}

bool same_value_twice(const NodeView& node) {
  const auto& inputs = node.node().inputs;
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (inputs[i] == inputs[j]) return true;
  return false;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  const bool split = node.node().op == "Split";
  const int64_t block = cl_device(device).traits().channel_block;
  const size_t bytes = bits(node.input(0).dtype) / 8;
  std::vector<KernelOption> options;
  for (const bool blocked : {false, true}) {
    if (blocked && !may_be_blocked(split ? node.input_shape(0) : node.output_shape(0))) continue;
    Result<Pieces> pieces = read_node(node, blocked ? block : 1);
    if (!pieces.ok() && !blocked) return pieces.status();
    if (!pieces.ok()) continue;
    const Layout layout = blocked ? blocked_layout(device) : Layout::row_major();
    KernelOption option;
    option.inputs.assign(node.input_count(), split ? Layout::row_major() : layout);
    option.inputs[0] = layout;
    option.outputs.assign(node.output_count(), layout);
    option.variant = blocked;
    option.only_moves = true;
    for (size_t i = 0; i < pieces->list.size() && pieces->together; ++i) {
      const size_t offset = static_cast<size_t>(pieces->list[i].to_start) * bytes;
      if (split)
        option.sharing.push_back(
            {Sharing::Kind::output_is_part_of_input, static_cast<uint8_t>(i), 0, offset});
      else if (!same_value_twice(node))
        option.sharing.push_back(
            {Sharing::Kind::input_is_part_of_output, 0, static_cast<uint16_t>(i), offset});
    }
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

// The copy of one part, and where the whole has it.
struct Move {
  LaunchPtr launch;
  int64_t whole_bytes;
};

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  const bool split = node.node().op == "Split";
  OARLOCK_ASSIGN(Pieces pieces, read_node(node, chosen.variant ? cl.traits().channel_block : 1));
  const DType dtype = node.input(0).dtype;
  const auto bytes = static_cast<int64_t>(bits(dtype) / 8);
  std::vector<Move> moves;
  for (StridedCopy& copy : pieces.list) {
    const int64_t at = copy.to_start * bytes;
    if (split) {
      std::swap(copy.from, copy.to);
      std::swap(copy.from_start, copy.to_start);
    }
    OARLOCK_ASSIGN(LaunchPtr launch, launch_copy(cl, dtype, copy));
    moves.push_back({std::move(launch), at});
  }
  return make_kernel([moves = std::move(moves), split](const KernelArgs& args) -> Status {
    for (size_t i = 0; i < moves.size(); ++i) {
      const TensorRef& part = split ? args.outputs[i] : args.inputs[i];
      const TensorRef& whole = split ? args.inputs[0] : args.outputs[0];
      if (is_same_memory(part, 0, whole, moves[i].whole_bytes)) continue;
      OARLOCK_TRY(split ? moves[i].launch->run({whole, part})
                        : moves[i].launch->run({part, whole}));
    }
    return {};
  });
}

}  // namespace

std::span<const KernelDef> concat_kernels();

std::span<const KernelDef> concat_kernels() {
  static const KernelDef defs[] = {{"Concat", "concat", match, create},
                                   {"Split", "split", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
