#include "core/ops/support/images/formats.h"

#ifdef OARLOCK_HAS_JPEG
#include <csetjmp>
#include <cstdio>
// Needs the types of cstdio.
#include <jpeglib.h>
#endif

namespace oarlock::ops::images {

#ifdef OARLOCK_HAS_JPEG
namespace {

// The library reports errors by calling a function that must not return.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void fail(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, manager->message);
  std::longjmp(manager->back, 1);
}

void ignore(j_common_ptr, int) {}

// Between starting and finishing nothing with a destructor is on the stack that a jump crosses.
class Decoder {
 public:
  Decoder() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = fail;
    errors_.base.emit_message = ignore;
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  ~Decoder() { jpeg_destroy_decompress(&info_); }

  bool start(Bytes bytes) {
    if (setjmp(errors_.back) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), bytes.size());
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = JCS_RGB;
    return true;
  }
  bool read(uint8_t* to) {
    if (setjmp(errors_.back) != 0) return false;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = to + size_t{3} * info_.output_scanline * info_.output_width;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }
  int64_t height() const { return info_.image_height; }
  int64_t width() const { return info_.image_width; }
  const char* message() const { return errors_.message; }

 private:
  jpeg_decompress_struct info_ = {};
  ErrorManager errors_ = {};
};

}  // namespace

Result<Image> decode_jpeg(Bytes bytes) {
  Decoder decoder;
  if (!decoder.start(bytes)) return invalid("the JPEG image is damaged: ", decoder.message());
  OARLOCK_ASSIGN(Image image, make_image(decoder.height(), decoder.width()));
  if (!decoder.read(image.rgb.data()))
    return invalid("the JPEG image is damaged: ", decoder.message());
  return image;
}

#else

Result<Image> decode_jpeg(Bytes) {
  return unsupported("JPEG images: this build lacks libjpeg (apt: libjpeg-dev)");
}

#endif

}  // namespace oarlock::ops::images
