#include "core/ops/support/images/formats.h"

#ifdef OARLOCK_HAS_TIFF
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#endif

namespace oarlock::ops::images {

#ifdef OARLOCK_HAS_TIFF
namespace {

// A file in memory, as the library wants it.
struct Source {
  Bytes bytes;
  uint64_t at = 0;
};

tmsize_t read(thandle_t handle, void* to, tmsize_t size) {
  auto& source = *static_cast<Source*>(handle);
  const uint64_t left = source.bytes.size() - std::min<uint64_t>(source.at, source.bytes.size());
  const uint64_t count = std::min<uint64_t>(left, size < 0 ? 0 : static_cast<uint64_t>(size));
  if (count > 0) std::memcpy(to, source.bytes.data() + source.at, count);
  source.at += count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<Source*>(handle);
  if (whence == SEEK_SET) source.at = offset;
  if (whence == SEEK_CUR) source.at += offset;
  if (whence == SEEK_END) source.at = source.bytes.size() + offset;
  return source.at;
}

int close(thandle_t) { return 0; }
toff_t size(thandle_t handle) { return static_cast<Source*>(handle)->bytes.size(); }
int map(thandle_t, void**, toff_t*) { return 0; }
void unmap(thandle_t, void*, toff_t) {}
int quiet(TIFF*, void*, const char*, const char*, va_list) { return 1; }

}  // namespace

Result<Image> decode_tiff(Bytes bytes) {
  const Status damaged = invalid("the TIFF image is damaged or of a kind that is not read");
  Source source{bytes};
  const std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions*)> options(TIFFOpenOptionsAlloc(),
                                                                             TIFFOpenOptionsFree);
  if (options == nullptr) return out_of_memory("not enough memory");
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), quiet, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), quiet, nullptr);
  const std::unique_ptr<TIFF, void (*)(TIFF*)> file(
      TIFFClientOpenExt("image", "rm", &source, read, write, seek, close, size, map, unmap,
                        options.get()),
      TIFFClose);
  if (file == nullptr) return damaged;
  uint32_t width = 0, height = 0;
  if (TIFFGetField(file.get(), TIFFTAG_IMAGEWIDTH, &width) == 0 ||
      TIFFGetField(file.get(), TIFFTAG_IMAGELENGTH, &height) == 0)
    return damaged;
  OARLOCK_ASSIGN(Image image, make_image(height, width));
  std::vector<uint32_t> pixels(image.rgb.size() / 3);
  if (TIFFReadRGBAImageOriented(file.get(), width, height, pixels.data(), ORIENTATION_TOPLEFT, 1) ==
      0)
    return damaged;
  for (size_t i = 0; i < pixels.size(); ++i) {
    image.rgb[3 * i] = static_cast<uint8_t>(TIFFGetR(pixels[i]));
    image.rgb[3 * i + 1] = static_cast<uint8_t>(TIFFGetG(pixels[i]));
    image.rgb[3 * i + 2] = static_cast<uint8_t>(TIFFGetB(pixels[i]));
  }
  return image;
}

#else

Result<Image> decode_tiff(Bytes) {
  return unsupported("TIFF images: this build lacks libtiff >= 4.5 (apt: libtiff-dev)");
}

#endif

}  // namespace oarlock::ops::images
