// Concat and Split along one axis: pieces of memory that often need no copy at all.
#include <array>
#include <cstring>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

// One input of Concat, or one output of Split.
struct Piece {
  size_t whole_offset = 0;  // bytes, in every stretch of the whole
  size_t bytes = 0;         // per stretch; 0: left out
  uint16_t index = 0;
};
struct Pieces {
  size_t stretch = 0;  // bytes of the whole that lie together
  int64_t stretches = 0;
  std::vector<Piece> list;
};

// `parts` are the shapes along `axis`; blocked layouts need whole blocks, except in the last part.
Result<Pieces> pieces_of(const Shape& whole, const std::vector<Shape>& parts, size_t axis,
                         DType dtype, bool blocked) {
  const size_t bytes = element_bytes(dtype);
  if (bytes == 0) return unsupported("elements of type ", dtype);
  const auto inner_bytes = [&](const Shape& shape) {
    size_t product = bytes;
    const std::vector<int64_t> extents = memory_extents(shape, blocked);
    for (size_t i = axis; i < extents.size(); ++i) product *= static_cast<size_t>(extents[i]);
    return product;
  };
  Pieces pieces;
  pieces.stretch = inner_bytes(whole);
  const std::vector<int64_t> extents = memory_extents(whole, blocked);
  pieces.stretches = 1;
  for (size_t i = 0; i < axis; ++i) pieces.stretches *= extents[i];
  size_t offset = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (blocked && axis == 1 && i + 1 < parts.size() && !has_whole_blocks(parts[i]))
      return unsupported("parts that are not whole blocks of channels");
    const size_t size =
        element_bytes(dtype) == 0 || parts[i].elements() == 0 ? 0 : inner_bytes(parts[i]);
    pieces.list.push_back({offset, size, static_cast<uint16_t>(i)});
    offset += size;
  }
  return pieces;
}

std::vector<Shape> input_shapes(const NodeView& node) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < node.input_count(); ++i) shapes.push_back(node.input_shape(i));
  return shapes;
}

// The parts of Split, omitted outputs included, cannot be told from its outputs alone.
Result<std::vector<Shape>> output_shapes(const NodeView& node) {
  std::vector<Shape> shapes;
  for (size_t i = 0; i < node.output_count(); ++i) {
    if (!node.has_output(i)) return unsupported("an omitted output");
    shapes.push_back(node.output_shape(i));
  }
  return shapes;
}

bool same_value_twice(const NodeView& node) {
  const auto& inputs = node.node().inputs;
  for (size_t i = 0; i < inputs.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (inputs[i] == inputs[j]) return true;
  return false;
}

Result<Pieces> concat_pieces(const NodeView& node, bool blocked) {
  const Shape& whole = node.output_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), whole.rank());
  if (!axis) return unsupported("an axis outside the rank");
  return pieces_of(whole, input_shapes(node), *axis, node.output(0).dtype, blocked);
}

Result<KernelNeeds> match_concat(const NodeView& node, const Device&) {
  std::vector<KernelOption> options;
  const bool blockable =
      node.output(0).dtype == DType::float32 && may_be_blocked(node.output_shape(0));
  for (bool blocked : {false, true}) {
    if (blocked && !blockable) continue;
    Result<Pieces> pieces = concat_pieces(node, blocked);
    if (!pieces.ok() && !blocked) return pieces.status();
    if (!pieces.ok()) continue;
    const Layout layout = blocked ? blocked_layout() : Layout::row_major();
    KernelOption option;
    option.inputs.assign(node.input_count(), layout);
    option.outputs.assign(1, layout);
    option.variant = blocked;
    option.only_moves = true;
    if (pieces->stretches == 1 && !same_value_twice(node))
      for (const Piece& piece : pieces->list)
        option.sharing.push_back(
            {Sharing::Kind::input_is_part_of_output, 0, piece.index, piece.whole_offset});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_concat(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(Pieces pieces, concat_pieces(node, is_blocked(chosen)));
  return make_kernel([pieces = std::move(pieces), &cpu](const KernelArgs& args) -> Status {
    std::byte* whole = args.outputs[0].data();
    const auto copy = [&](int64_t begin, int64_t end, int) {
      for (const Piece& piece : pieces.list) {
        const std::byte* part = args.inputs[piece.index].data();
        if (piece.bytes == 0 || part == whole + piece.whole_offset) continue;
        for (int64_t s = begin; s < end; ++s)
          std::memcpy(whole + static_cast<size_t>(s) * pieces.stretch + piece.whole_offset,
                      part + static_cast<size_t>(s) * piece.bytes, piece.bytes);
      }
    };
    if (pieces.stretches > 1) {
      cpu.parallel(pieces.stretches, grain_for(static_cast<double>(pieces.stretch) / 4), copy);
      return {};
    }
    // One stretch: cut it by pieces.
    const int64_t count = static_cast<int64_t>(pieces.list.size());
    cpu.parallel(count,
                 grain_for(static_cast<double>(pieces.stretch) / 4 /
                           static_cast<double>(std::max<int64_t>(count, 1))),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t i = begin; i < end; ++i) {
                     const Piece& piece = pieces.list[static_cast<size_t>(i)];
                     const std::byte* part = args.inputs[piece.index].data();
                     if (piece.bytes > 0 && part != whole + piece.whole_offset)
                       std::memcpy(whole + piece.whole_offset, part, piece.bytes);
                   }
                 });
    return {};
  });
}

Result<Pieces> split_pieces(const NodeView& node, bool blocked) {
  const Shape& whole = node.input_shape(0);
  const auto axis = normalize_axis(node.attrs().integer("axis", 0), whole.rank());
  if (!axis) return unsupported("an axis outside the rank");
  OARLOCK_ASSIGN(const std::vector<Shape> parts, output_shapes(node));
  return pieces_of(whole, parts, *axis, node.input(0).dtype, blocked);
}

Result<KernelNeeds> match_split(const NodeView& node, const Device&) {
  std::vector<KernelOption> options;
  const bool blockable =
      node.input(0).dtype == DType::float32 && may_be_blocked(node.input_shape(0));
  for (bool blocked : {false, true}) {
    if (blocked && !blockable) continue;
    Result<Pieces> pieces = split_pieces(node, blocked);
    if (!pieces.ok() && !blocked) return pieces.status();
    if (!pieces.ok()) continue;
    const Layout layout = blocked ? blocked_layout() : Layout::row_major();
    KernelOption option;
    option.inputs.assign(node.input_count(), Layout::row_major());
    option.inputs[0] = layout;
    option.outputs.assign(node.output_count(), layout);
    option.variant = blocked;
    option.only_moves = true;
    if (pieces->stretches == 1)
      for (const Piece& piece : pieces->list)
        option.sharing.push_back({Sharing::Kind::output_is_part_of_input,
                                  static_cast<uint8_t>(piece.index), 0, piece.whole_offset});
    options.push_back(std::move(option));
  }
  return KernelNeeds(std::move(options));
}

Result<KernelPtr> create_split(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(Pieces pieces, split_pieces(node, is_blocked(chosen)));
  return make_kernel([pieces = std::move(pieces), &cpu](const KernelArgs& args) -> Status {
    const std::byte* whole = args.inputs[0].data();
    cpu.parallel(pieces.stretches, grain_for(static_cast<double>(pieces.stretch) / 4),
                 [&](int64_t begin, int64_t end, int) {
                   for (const Piece& piece : pieces.list) {
                     std::byte* part = args.outputs[piece.index].data();
                     if (piece.bytes == 0 || part == whole + piece.whole_offset) continue;
                     for (int64_t s = begin; s < end; ++s)
                       std::memcpy(
                           part + static_cast<size_t>(s) * piece.bytes,
                           whole + static_cast<size_t>(s) * pieces.stretch + piece.whole_offset,
                           piece.bytes);
                   }
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> concat_kernels();

std::span<const KernelDef> concat_kernels() {
  static const std::array<KernelDef, 2> list = {{
      {"Concat", "concat", match_concat, create_concat},
      {"Split", "split", match_split, create_split},
  }};
  return list;
}

}  // namespace oarlock::cpu
