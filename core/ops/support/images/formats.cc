#include "core/ops/support/images/formats.h"

#include <algorithm>
#include <string_view>

namespace oarlock::ops::images {
namespace {

using namespace std::string_view_literals;

struct Format {
  std::string_view start;
  Result<Image> (*decode)(Bytes);
  std::string_view later = {};  // at byte 8
};

constexpr Format kFormats[] = {
    {"\xFF\xD8\xFF"sv, decode_jpeg},
    {"\x89PNG\r\n\x1A\n"sv, decode_plain},
    {"BM"sv, decode_plain},
    {"P5"sv, decode_plain},
    {"P6"sv, decode_plain},
    {"\0\0\0\x0CjP  \r\n\x87\n"sv, decode_jpeg2000},
    {"\xFF\x4F\xFF\x51"sv, decode_jpeg2000},
    {"II*\0"sv, decode_tiff},
    {"MM\0*"sv, decode_tiff},
    {"RIFF"sv, decode_webp, "WEBP"sv},
};

bool stands_at(Bytes bytes, size_t at, std::string_view text) {
  if (bytes.size() < at + text.size()) return false;
  return std::equal(text.begin(), text.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

}  // namespace

Result<Image> make_image(int64_t height, int64_t width) {
  constexpr int64_t kMostPixels = int64_t{1} << 28;
  if (height < 1 || width < 1 || height > kMostPixels / width)
    return invalid("the image has ", height, " x ", width, " pixels");
  Image image{height, width, {}};
  image.rgb.resize(static_cast<size_t>(3 * height * width));
  return image;
}

Result<Image> decode(Bytes bytes) {
  for (const Format& format : kFormats)
    if (stands_at(bytes, 0, format.start) && stands_at(bytes, 8, format.later))
      return format.decode(bytes);
  return invalid("input 0 holds no BMP, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP image");
}

}  // namespace oarlock::ops::images
