#include "core/ops/support/images/formats.h"

#ifdef OARLOCK_HAS_STB
#include <algorithm>
#include <climits>
#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_ONLY_PNG
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#endif

namespace oarlock::ops::images {

#ifdef OARLOCK_HAS_STB

Result<Image> decode_plain(Bytes bytes) {
  if (bytes.size() > INT_MAX) return invalid("the image takes ", bytes.size(), " bytes");
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels = 0;
  if (stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0)
    return invalid("the image cannot be read: ", stbi_failure_reason());
  OARLOCK_ASSIGN(Image image, make_image(height, width));
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes.data(), size, &width, &height, &channels, 3), stbi_image_free);
  if (pixels == nullptr || width != image.width || height != image.height)
    return invalid("the image cannot be read: ", stbi_failure_reason());
  std::copy_n(pixels.get(), image.rgb.size(), image.rgb.begin());
  return image;
}

#else

Result<Image> decode_plain(Bytes) {
  return unsupported("BMP, PNG and PNM images: this build lacks stb_image (apt: libstb-dev)");
}

#endif

}  // namespace oarlock::ops::images
