// ONNX ImageDecoder (20): BMP, JPEG, JPEG 2000, PNG, PNM, TIFF and WebP images.
#include <algorithm>

#include "core/ops/support/check.h"
#include "core/ops/support/images/formats.h"

namespace oarlock::ops {
namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "encoded_stream", {DType::uint8}));
  OARLOCK_TRY(expect_rank(c, 0, "encoded_stream", 1));
  const std::string& format = c.attrs().string("pixel_format");
  if (format != "RGB" && format != "BGR" && format != "Grayscale")
    return invalid("attribute pixel_format is '", format, "', expected RGB, BGR or Grayscale");
  c.set_output(0, DType::uint8, {Shape::kUnknown, Shape::kUnknown, format == "Grayscale" ? 1 : 3});
  return {};
}

Status run(RunContext& c) {
  OARLOCK_ASSIGN(images::Image image, images::decode(c.input(0).as<uint8_t>()));
  const std::string& format = c.attrs().string("pixel_format");
  const bool gray = format == "Grayscale";
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, DType::uint8, {image.height, image.width, gray ? 1 : 3}));
  const std::span<uint8_t> to = y->mutable_as<uint8_t>();
  for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
    uint8_t* const pixel = image.rgb.data() + 3 * i;
    if (gray) {
      // ITU-R 601, in 16 fractional bits.
      to[i] = static_cast<uint8_t>(
          (pixel[0] * 19595 + pixel[1] * 38470 + pixel[2] * 7471 + 0x8000) >> 16);
      continue;
    }
    if (format == "BGR") std::swap(pixel[0], pixel[2]);
    std::copy_n(pixel, 3, to.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return {};
}

}  // namespace

std::span<const OpDef> image_decoder_ops() {
  static const OpDef defs[] = {{.name = "ImageDecoder",
                                .since_version = 20,
                                .attrs = {{"pixel_format", "RGB"}},
                                .inputs = 1,
                                .infer = infer,
                                .reference = run}};
  return defs;
}

}  // namespace oarlock::ops
