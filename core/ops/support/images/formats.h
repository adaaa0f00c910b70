#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "oarlock/status.h"

// Reading encoded images, which are untrusted.
namespace oarlock::ops::images {

// Rows from the top, three bytes a pixel: red, green, blue.
struct Image {
  int64_t height = 0, width = 0;
  std::vector<uint8_t> rgb;
};

// Room for an image of this size; fails when it has no pixels or more than 2^28.
Result<Image> make_image(int64_t height, int64_t width);

using Bytes = std::span<const uint8_t>;

// Finds out the format from the first bytes. An unknown or damaged one is invalid; one whose
// library was not there when this was built is unsupported, and the message names the library.
Result<Image> decode(Bytes bytes);

// One format each.
Result<Image> decode_jpeg(Bytes bytes);
Result<Image> decode_jpeg2000(Bytes bytes);
Result<Image> decode_plain(Bytes bytes);  // BMP, PNG, PNM
Result<Image> decode_tiff(Bytes bytes);
Result<Image> decode_webp(Bytes bytes);

}  // namespace oarlock::ops::images
