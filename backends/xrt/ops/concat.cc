// Concat and Split along one axis: pieces of memory that often need no copy at all.
#include <array>
#include <vector>

#include "backends/xrt/ops/support/strided_move.h"

namespace oarlock::xrt {

namespace {

bool is_split(const NodeView& node) { return node.node().op == "Split"; }

size_t part_count(const NodeView& node) {
  return is_split(node) ? node.output_count() : node.input_count();
}

// A part of the whole: its moves go from the part to the whole, or back for Split.
struct Piece {
  Parameters parameters{0};
  int64_t start = 0;  // in the whole, elements
};

struct Pieces {
  std::vector<Piece> list;
  bool together = true;  // every part lies in one piece of the whole
};

Result<Pieces> read_node(const NodeView& node) {
  OARLOCK_TRY(expect_tensors(node));
  const bool split = is_split(node);
  const Shape& whole = split ? node.input_shape(0) : node.output_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), whole.rank());
  if (!axis) return unsupported("an axis outside the rank");
  const Shape strides = row_major_strides(whole);
  Pieces pieces;
  pieces.together = extent(whole, 0, *axis) == 1;
  int64_t at = 0;
  for (size_t i = 0; i < part_count(node); ++i) {
    if (split ? !node.has_output(i) : !node.has_input(i)) return unsupported("an omitted part");
    const Shape& part = split ? node.output_shape(i) : node.input_shape(i);
    const Shape own = row_major_strides(part);
    StridedMove move;
    for (size_t a = 0; a < part.rank(); ++a)
      move.axes.push_back(
          {part[a], 0, part[a], split ? strides[a] : own[a], split ? own[a] : strides[a]});
    Piece piece;
    piece.start = at * strides[*axis];
    (split ? move.from_start : move.to_start) = piece.start;
    OARLOCK_ASSIGN(piece.parameters, move_parameters(std::move(move), node.input(0).dtype));
    pieces.list.push_back(std::move(piece));
    at += part[*axis];
  }
  return pieces;
}

bool same_value_twice(const NodeView& node) {
  const auto& inputs = node.node().inputs;
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (inputs[i] == inputs[j]) return true;
  return false;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_ASSIGN(const Pieces pieces, read_node(node));
  const size_t bytes = bits(node.input(0).dtype) / 8;
  KernelOption option;
  option.only_moves = true;
  if (!pieces.together || (!is_split(node) && same_value_twice(node))) return KernelNeeds(option);
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    const size_t offset = static_cast<size_t>(pieces.list[i].start) * bytes;
    if (is_split(node))
      option.sharing.push_back(
          {Sharing::Kind::output_is_part_of_input, static_cast<uint8_t>(i), 0, offset});
    else
      option.sharing.push_back(
          {Sharing::Kind::input_is_part_of_output, 0, static_cast<uint16_t>(i), offset});
  }
  return KernelNeeds(option);
}

struct Move {
  LaunchPtr launch;
  size_t start;  // in the whole, bytes
};

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Pieces pieces, read_node(node));
  const bool split = is_split(node);
  const size_t bytes = bits(node.input(0).dtype) / 8;
  const int inputs = static_cast<int>(node.input_count());
  std::vector<Move> moves;
  for (size_t i = 0; i < pieces.list.size(); ++i) {
    const int part = static_cast<int>(i);
    OARLOCK_ASSIGN(LaunchPtr launch,
                   launch_move(xrt_device(device), split ? 0 : part, split ? inputs + part : inputs,
                               pieces.list[i].parameters));
    moves.push_back({std::move(launch), static_cast<size_t>(pieces.list[i].start) * bytes});
  }
  return make_kernel([moves = std::move(moves), split](const KernelArgs& args) -> Status {
    for (size_t i = 0; i < moves.size(); ++i) {
      const TensorRef& part = split ? args.outputs[i] : args.inputs[i];
      const TensorRef& whole = split ? args.inputs[0] : args.outputs[0];
      if (part.buffer == whole.buffer && part.offset == whole.offset + moves[i].start) continue;
      OARLOCK_TRY(moves[i].launch->run(args));
    }
    return {};
  });
}

}  // namespace

std::span<const KernelDef> concat_kernels();

std::span<const KernelDef> concat_kernels() {
  static const std::array<KernelDef, 2> list = {
      {{"Concat", "concat_move", match, create}, {"Split", "split_move", match, create}}};
  return list;
}

}  // namespace oarlock::xrt
