#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oarlock/dtype.h"
#include "oarlock/shape.h"

namespace oarlock {

// Where the logical elements of a tensor lie in memory.
struct Layout {
  enum class Kind : uint8_t {
    row_major,  // logical order, no padding
    blocked,    // axes in `order`, then inner blocks of some axes, padded up to whole blocks
    image2d,    // an image of texels of four elements, see image2d() and packed_image()
    opaque,     // known only to the kernel that asked for it; named by `tag`, `bytes` long
  };
  struct Block {
    uint8_t axis = 0;
    uint16_t size = 1;
    friend bool operator==(const Block&, const Block&) = default;
  };

  Kind kind = Kind::row_major;
  std::vector<uint8_t> order;      // blocked: outer to inner, empty means 0, 1, 2, ...
  std::vector<Block> blocks;       // blocked: outer to inner
  std::string tag;                 // opaque, packed images
  size_t bytes = 0;                // opaque
  uint32_t width = 0, height = 0;  // packed images: in texels

  static Layout row_major() { return {}; }
  // Channels (axis 1) split into blocks of `size` that lie innermost: NCHW16c for 4-D and size 16.
  // Padding elements are finite, else arbitrary.
  static Layout channel_blocked(uint16_t size);
  static Layout channels_last(size_t rank);
  static Layout opaque(std::string tag, size_t bytes);
  // Channels (axis 1) in blocks of four: texel (c / 4 * W + w, n * H + h) has channels c to c + 3,
  // where W is the last axis after the channels and H all between. Padding is like that of blocks.
  // An image may be larger than its tensor.
  static Layout image2d();
  // An image known only to the kernel that asked for it, like an opaque layout.
  static Layout packed_image(std::string tag, uint32_t width, uint32_t height);

  bool is_row_major() const { return kind == Kind::row_major; }
  friend bool operator==(const Layout&, const Layout&) = default;
};

// "row_major", "nchw16c", "nhwc", "image2d", or the tag of an opaque layout or packed image.
std::string to_string(const Layout& layout);

// A tensor of a plan: the shape is logical, the layout says where its elements are.
struct TensorDesc {
  DType dtype = DType::undefined;
  Shape shape;
  Layout layout;
};

// Texels of an image2d tensor.
struct ImageExtents {
  int64_t width = 0, height = 0;
  friend bool operator==(const ImageExtents&, const ImageExtents&) = default;
};
// Empty for other layouts, fewer than two axes, an unknown extent, or on overflow.
std::optional<ImageExtents> image_extents(const TensorDesc& desc);

// Bytes with padding; empty on overflow or an unknown extent.
std::optional<size_t> storage_bytes(const TensorDesc& desc);
std::string to_string(const TensorDesc& desc);

}  // namespace oarlock
