#include "core/ops/support/images/formats.h"

#ifdef OARLOCK_HAS_OPENJPEG
#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>
#endif

namespace oarlock::ops::images {

#ifdef OARLOCK_HAS_OPENJPEG
namespace {

struct Source {
  Bytes bytes;
  size_t at = 0;
};

OPJ_SIZE_T read(void* to, OPJ_SIZE_T size, void* user) {
  auto& source = *static_cast<Source*>(user);
  const size_t count = std::min(size, source.bytes.size() - source.at);
  if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(to, source.bytes.data() + source.at, count);
  source.at += count;
  return count;
}

OPJ_OFF_T skip(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  const size_t left = source.bytes.size() - source.at;
  source.at += std::min(static_cast<size_t>(count), left);
  return count;
}

OPJ_BOOL seek(OPJ_OFF_T at, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (at < 0 || static_cast<size_t>(at) > source.bytes.size()) return OPJ_FALSE;
  source.at = static_cast<size_t>(at);
  return OPJ_TRUE;
}

uint8_t level(const opj_image_comp_t& part, size_t i) {
  const int value = part.data[i] + (part.sgnd != 0 ? 1 << (part.prec - 1) : 0);
  const int shift = static_cast<int>(part.prec) - 8;
  return static_cast<uint8_t>(std::clamp(shift >= 0 ? value >> shift : value << -shift, 0, 255));
}

}  // namespace

Result<Image> decode_jpeg2000(Bytes bytes) {
  const Status damaged = invalid("the JPEG 2000 image is damaged");
  const bool codestream = bytes[0] == 0xFF;
  Source source{bytes};
  const std::unique_ptr<opj_codec_t, void (*)(opj_codec_t*)> codec(
      opj_create_decompress(codestream ? OPJ_CODEC_J2K : OPJ_CODEC_JP2), opj_destroy_codec);
  const std::unique_ptr<opj_stream_t, void (*)(opj_stream_t*)> stream(opj_stream_default_create(1),
                                                                      opj_stream_destroy);
  if (codec == nullptr || stream == nullptr) return out_of_memory("not enough memory");
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), bytes.size());
  opj_stream_set_read_function(stream.get(), read);
  opj_stream_set_skip_function(stream.get(), skip);
  opj_stream_set_seek_function(stream.get(), seek);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_image_t* raw = nullptr;
  if (opj_setup_decoder(codec.get(), &parameters) == 0 ||
      opj_read_header(stream.get(), codec.get(), &raw) == 0)
    return damaged;
  const std::unique_ptr<opj_image_t, void (*)(opj_image_t*)> decoded(raw, opj_image_destroy);
  if (decoded->x1 < decoded->x0 || decoded->y1 < decoded->y0) return damaged;
  OARLOCK_ASSIGN(Image image, make_image(int64_t{decoded->y1} - decoded->y0,
                                         int64_t{decoded->x1} - decoded->x0));
  if (opj_decode(codec.get(), stream.get(), decoded.get()) == 0) return damaged;
  const size_t count = image.rgb.size() / 3;
  const bool gray = decoded->numcomps < 3;
  if (decoded->numcomps == 0 || decoded->color_space == OPJ_CLRSPC_SYCC ||
      decoded->color_space == OPJ_CLRSPC_EYCC || decoded->color_space == OPJ_CLRSPC_CMYK)
    return unsupported("JPEG 2000 images of other colors than RGB and gray");
  for (size_t c = 0; c < 3; ++c) {
    const opj_image_comp_t& part = decoded->comps[gray ? 0 : c];
    if (part.data == nullptr || part.prec < 1 || part.prec > 16 || size_t{part.w} * part.h != count)
      return unsupported("JPEG 2000 images with channels of different sizes or over 16 bits");
    for (size_t i = 0; i < count; ++i) image.rgb[3 * i + c] = level(part, i);
  }
  return image;
}

#else

Result<Image> decode_jpeg2000(Bytes) {
  return unsupported("JPEG 2000 images: this build lacks OpenJPEG (apt: libopenjp2-7-dev)");
}

#endif

}  // namespace oarlock::ops::images
