#include "core/graph/host_layout.h"

#include <cstring>
#include <vector>

namespace oarlock {

namespace {

// Offsets of logical positions in a row-major or blocked layout: one table an axis, summed.
class Offsets {
 public:
  Offsets(const TensorDesc& desc) : per_axis_(desc.shape.rank()) {
    const size_t rank = desc.shape.rank();
    std::vector<int64_t> block(rank, 1);
    for (const Layout::Block& b : desc.layout.blocks) block[b.axis] *= b.size;
    for (size_t axis = 0; axis < rank; ++axis) per_axis_[axis].assign(desc.shape[axis], 0);
    int64_t stride = 1;
    // Innermost first: blocks from the last, then the axes.
    std::vector<int64_t> inner(rank, 1);
    for (size_t i = desc.layout.blocks.size(); i-- > 0;) {
      const Layout::Block& b = desc.layout.blocks[i];
      add(b.axis, inner[b.axis], b.size, stride);
      inner[b.axis] *= b.size;
      stride *= b.size;
    }
    for (size_t i = rank; i-- > 0;) {
      const size_t axis = desc.layout.order.empty() ? i : desc.layout.order[i];
      const int64_t count = (desc.shape[axis] + block[axis] - 1) / block[axis];
      add(axis, block[axis], count, stride);
      stride *= count;
    }
  }

  int64_t at(size_t axis, int64_t position) const { return per_axis_[axis][position]; }

 private:
  // Positions advance by `stride` every `unit` steps, wrapping after `count`.
  void add(size_t axis, int64_t unit, int64_t count, int64_t stride) {
    std::vector<int64_t>& table = per_axis_[axis];
    for (size_t p = 0; p < table.size(); ++p)
      table[p] += static_cast<int64_t>(p) / unit % count * stride;
  }

  std::vector<std::vector<int64_t>> per_axis_;
};

// Rows of an image2d's texels are blocks of channels between the last axis and those before it.
Layout on_host(const Layout& layout, size_t rank) {
  if (layout.kind != Layout::Kind::image2d || !layout.tag.empty() || rank < 2) return layout;
  Layout rows = Layout::channel_blocked(4);
  for (size_t axis = 0; axis < rank; ++axis)
    if (axis != 1 && (axis == 0 || axis + 1 < rank))
      rows.order.push_back(static_cast<uint8_t>(axis));
  rows.order.push_back(1);
  if (rank > 2) rows.order.push_back(static_cast<uint8_t>(rank - 1));
  return rows;
}

}  // namespace

Status convert_layout(const TensorDesc& device_from, const std::byte* source,
                      const TensorDesc& device_to, std::byte* target) {
  const auto lay = [](const TensorDesc& desc) {
    return TensorDesc{desc.dtype, desc.shape, on_host(desc.layout, desc.shape.rank())};
  };
  const TensorDesc from = lay(device_from), to = lay(device_to);
  const auto plain = [](const Layout& l) {
    return l.kind == Layout::Kind::row_major || l.kind == Layout::Kind::blocked;
  };
  const size_t width = bits(from.dtype);
  const std::optional<int64_t> elements = from.shape.elements();
  const std::optional<size_t> from_bytes = storage_bytes(from), to_bytes = storage_bytes(to);
  if (!plain(from.layout) || !plain(to.layout) || !elements || !from_bytes || !to_bytes)
    return unsupported("no conversion from ", to_string(from), " to ", to_string(to));
  if (from.layout == to.layout) {
    if (*from_bytes > 0) std::memcpy(target, source, *from_bytes);
    return {};
  }
  if (width % 8 != 0) return unsupported("no layout conversion of ", from.dtype);
  const size_t size = width / 8;
  std::memset(target, 0, *to_bytes);
  const Offsets offsets_from(from), offsets_to(to);
  Shape position(from.shape.rank());
  for (int64_t e = 0; e < *elements; ++e) {
    int64_t at_from = 0, at_to = 0;
    for (size_t axis = 0; axis < position.rank(); ++axis) {
      at_from += offsets_from.at(axis, position[axis]);
      at_to += offsets_to.at(axis, position[axis]);
    }
    std::memcpy(target + at_to * size, source + at_from * size, size);
    for (size_t axis = position.rank(); axis-- > 0;) {
      if (++position[axis] < from.shape[axis]) break;
      position[axis] = 0;
    }
  }
  return {};
}

}  // namespace oarlock
