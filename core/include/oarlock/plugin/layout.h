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
    image2d,    // an image whose texel holds a block of four elements of the first block's axis
    opaque,     // known only to the kernel that asked for it; named by `tag`, `bytes` long
  };
  struct Block {
    uint8_t axis = 0;
    uint16_t size = 1;
    friend bool operator==(const Block&, const Block&) = default;
  };

  Kind kind = Kind::row_major;
  std::vector<uint8_t> order;  // blocked: outer to inner, empty means 0, 1, 2, ...
  std::vector<Block> blocks;   // blocked: outer to inner
  std::string tag;             // opaque
  size_t bytes = 0;            // opaque

  static Layout row_major() { return {}; }
  // Channels (axis 1) split into blocks of `size` that lie innermost: NCHW16c for 4-D and size 16.
  // Padding elements are finite, else arbitrary.
  static Layout channel_blocked(uint16_t size);
  static Layout channels_last(size_t rank);
  static Layout opaque(std::string tag, size_t bytes);

  bool is_row_major() const { return kind == Kind::row_major; }
  friend bool operator==(const Layout&, const Layout&) = default;
};

// "row_major", "nchw16c", "nhwc", "image2d", or the tag of an opaque layout.
std::string to_string(const Layout& layout);

// A tensor of a plan: the shape is logical, the layout says where its elements are.
struct TensorDesc {
  DType dtype = DType::undefined;
  Shape shape;
  Layout layout;
};

// Bytes with padding; empty on overflow or an unknown extent.
std::optional<size_t> storage_bytes(const TensorDesc& desc);
std::string to_string(const TensorDesc& desc);

}  // namespace oarlock
