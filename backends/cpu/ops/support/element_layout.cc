#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

size_t element_bytes(DType dtype) {
  if (dtype == DType::string || dtype == DType::undefined) return 0;
  return bits(dtype) % 8 == 0 ? bits(dtype) / 8 : 0;
}

std::vector<int64_t> memory_extents(const Shape& shape, bool blocked) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  if (blocked) {
    extents[1] = (extents[1] + kChannelBlock - 1) / kChannelBlock;
    extents.push_back(kChannelBlock);
  }
  return extents;
}

int64_t memory_elements(const Shape& shape, bool blocked) {
  int64_t count = 1;
  for (int64_t extent : memory_extents(shape, blocked)) count *= extent;
  return count;
}

std::optional<BroadcastInput> broadcast_input(const Shape& own, const Shape& result, bool blocked) {
  const size_t rank = result.rank();
  const size_t lead = rank - own.rank();
  const auto own_extent = [&](size_t axis) { return axis < lead ? 1 : own[axis - lead]; };
  BroadcastInput input;
  std::vector<int64_t> extents;
  if (!blocked) {
    for (size_t axis = 0; axis < rank; ++axis) extents.push_back(own_extent(axis));
  } else if (own_extent(1) == 1) {
    for (size_t axis = 0; axis < rank; ++axis) extents.push_back(own_extent(axis));
    extents.push_back(1);
  } else if (lead == 0) {
    input.layout = blocked_layout();
    extents = memory_extents(own, true);
  } else {
    // [C, 1, 1]: the same bytes in blocks of 16 when they are whole.
    for (size_t axis = 2; axis < rank; ++axis)
      if (own_extent(axis) != 1) return std::nullopt;
    if (own_extent(1) % kChannelBlock != 0) return std::nullopt;
    extents.assign(rank + 1, 1);
    extents[1] = own_extent(1) / kChannelBlock;
    extents[rank] = kChannelBlock;
  }
  input.strides.resize(extents.size());
  int64_t stride = 1;
  for (size_t i = extents.size(); i-- > 0;) {
    input.strides[i] = extents[i] == 1 ? 0 : stride;
    stride *= extents[i];
  }
  return input;
}

std::vector<KernelOption> plain_and_blocked(const NodeView& node, bool blocked,
                                            const std::vector<bool>& follows) {
  std::vector<KernelOption> options(blocked ? 2 : 1);
  for (size_t o = 0; o < options.size(); ++o) {
    const Layout layout = o == 1 ? blocked_layout() : Layout::row_major();
    for (size_t i = 0; i < node.input_count(); ++i)
      options[o].inputs.push_back(i < follows.size() && follows[i] ? layout : Layout::row_major());
    options[o].outputs.assign(node.output_count(), layout);
    options[o].variant = static_cast<int>(o);
  }
  return options;
}

}  // namespace oarlock::cpu
