#include "core/ops/support/images/formats.h"

#ifdef OARLOCK_HAS_WEBP
#include <webp/decode.h>
#endif

namespace oarlock::ops::images {

#ifdef OARLOCK_HAS_WEBP

Result<Image> decode_webp(Bytes bytes) {
  int width = 0, height = 0;
  if (WebPGetInfo(bytes.data(), bytes.size(), &width, &height) == 0)
    return invalid("the WebP image is damaged");
  OARLOCK_ASSIGN(Image image, make_image(height, width));
  if (WebPDecodeRGBInto(bytes.data(), bytes.size(), image.rgb.data(), image.rgb.size(),
                        3 * width) == nullptr)
    return invalid("the WebP image is damaged or animated");
  return image;
}

#else

Result<Image> decode_webp(Bytes) {
  return unsupported("WebP images: this build lacks libwebp (apt: libwebp-dev)");
}

#endif

}  // namespace oarlock::ops::images
