#include "oarlock/plugin/layout.h"

#include "oarlock/status.h"

namespace oarlock {

Layout Layout::channel_blocked(uint16_t size) {
  Layout layout;
  layout.kind = Kind::blocked;
  layout.blocks = {{1, size}};
  return layout;
}

Layout Layout::channels_last(size_t rank) {
  Layout layout;
  layout.kind = Kind::blocked;
  for (size_t axis = 0; axis < rank; ++axis)
    if (axis != 1) layout.order.push_back(static_cast<uint8_t>(axis));
  if (rank > 1) layout.order.push_back(1);
  return layout;
}

Layout Layout::opaque(std::string tag, size_t bytes) {
  Layout layout;
  layout.kind = Kind::opaque;
  layout.tag = std::move(tag);
  layout.bytes = bytes;
  return layout;
}

Layout Layout::image2d() {
  Layout layout;
  layout.kind = Kind::image2d;
  return layout;
}

Layout Layout::packed_image(std::string tag, uint32_t width, uint32_t height) {
  Layout layout = image2d();
  layout.tag = std::move(tag);
  layout.width = width;
  layout.height = height;
  return layout;
}

std::string to_string(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::row_major:
      return "row_major";
    case Layout::Kind::image2d:
      return layout.tag.empty() ? "image2d" : layout.tag;
    case Layout::Kind::opaque:
      return layout.tag;
    case Layout::Kind::blocked:
      break;
  }
  if (layout.order.empty() && layout.blocks.size() == 1 && layout.blocks[0].axis == 1)
    return concat("nchw", layout.blocks[0].size, "c");
  if (layout.blocks.empty() && layout.order == std::vector<uint8_t>{0, 2, 3, 1}) return "nhwc";
  std::string text = "order";
  for (uint8_t axis : layout.order) text += concat(" ", axis);
  for (const Layout::Block& block : layout.blocks)
    text += concat(" ", block.size, "of", block.axis);
  return text;
}

std::optional<ImageExtents> image_extents(const TensorDesc& desc) {
  if (desc.layout.kind != Layout::Kind::image2d) return std::nullopt;
  if (!desc.layout.tag.empty()) return ImageExtents{desc.layout.width, desc.layout.height};
  const Shape& shape = desc.shape;
  const size_t rank = shape.rank();
  if (rank < 2 || shape[1] < 0 || shape[1] > INT64_MAX - 3) return std::nullopt;
  Shape width{(shape[1] + 3) / 4, rank > 2 ? shape[rank - 1] : 1};
  Shape height = shape;
  height[1] = 1;
  if (rank > 2) height[rank - 1] = 1;
  const std::optional<int64_t> columns = width.elements(), rows = height.elements();
  if (!columns || !rows) return std::nullopt;
  return ImageExtents{*columns, *rows};
}

std::optional<size_t> storage_bytes(const TensorDesc& desc) {
  if (desc.layout.kind == Layout::Kind::opaque) return desc.layout.bytes;
  if (desc.layout.kind == Layout::Kind::image2d) {
    const std::optional<ImageExtents> extents = image_extents(desc);
    if (!extents) return std::nullopt;
    const std::optional<int64_t> elements = Shape{extents->width, extents->height, 4}.elements();
    return elements ? storage_bytes(desc.dtype, *elements) : std::nullopt;
  }
  Shape padded = desc.shape;
  for (const Layout::Block& block : desc.layout.blocks) {
    if (block.axis >= padded.rank() || block.size == 0) return std::nullopt;
    int64_t& extent = padded[block.axis];
    if (extent > INT64_MAX - block.size) return std::nullopt;
    extent = (extent + block.size - 1) / block.size * block.size;
  }
  const std::optional<int64_t> elements = padded.elements();
  if (!elements) return std::nullopt;
  return storage_bytes(desc.dtype, *elements);
}

std::string to_string(const TensorDesc& desc) {
  return concat(desc.dtype, desc.shape,
                desc.layout.is_row_major() ? "" : " " + to_string(desc.layout));
}

}  // namespace oarlock
