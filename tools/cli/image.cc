#include "tools/cli/image.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#include <stb_image.h>
#include <stb_image_resize.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "oarlock/plugin/numeric.h"

namespace oarlock::cli {
namespace {

constexpr int kMaxSide = 1 << 14;

// Which axes of an input are what; -1: none.
struct Axes {
  int channel = -1, height = -1, width = -1;
};

bool is_channel_count(int64_t n) { return n == 1 || n == 3 || n == 4; }

Result<Axes> find_axes(const TypeInfo& type, const std::string& layout) {
  const auto rank = static_cast<int>(type.shape.rank());
  if (!type.is_tensor() || !type.has_rank || rank < 2 || rank > 4)
    return invalid("an image does not fit the input's type ", type,
                   "; it needs a tensor of 2, 3 or 4 dimensions");
  if (rank == 2) return Axes{-1, 0, 1};
  const Axes first{rank - 3, rank - 2, rank - 1}, last{rank - 1, rank - 3, rank - 2};
  if (layout == "nchw") return first;
  if (layout == "nhwc") return last;
  if (type.shape[rank - 3] == 3 || type.shape[rank - 3] == 4) return first;
  if (type.shape[rank - 1] == 3 || type.shape[rank - 1] == 4) return last;
  if (type.shape[rank - 3] == 1) return first;
  if (type.shape[rank - 1] == 1) return last;
  return invalid("the input's type ", type, " does not tell where its channels are",
                 "; say --layout nchw or nhwc");
}

struct Picture {
  std::vector<uint8_t> pixels;  // rows of interleaved channels
  int width = 0, height = 0, channels = 0;
};

Result<Picture> load(const std::string& path, int channels) {
  Picture picture;
  int in_file = 0;
  stbi_uc* raw = stbi_load(path.c_str(), &picture.width, &picture.height, &in_file, channels);
  if (raw == nullptr) return io_error("cannot read image ", path, ": ", stbi_failure_reason());
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> owner(raw, stbi_image_free);
  picture.channels = channels;
  const size_t size = size_t(picture.width) * size_t(picture.height) * size_t(channels);
  picture.pixels.assign(raw, raw + size);
  return picture;
}

Result<Picture> resized(Picture from, int width, int height) {
  if (from.width == width && from.height == height) return from;
  Picture to{{}, width, height, from.channels};
  to.pixels.resize(size_t(width) * size_t(height) * size_t(from.channels));
  if (!stbir_resize_uint8_generic(from.pixels.data(), from.width, from.height, 0, to.pixels.data(),
                                  width, height, 0, from.channels, STBIR_ALPHA_CHANNEL_NONE, 0,
                                  STBIR_EDGE_CLAMP, STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR,
                                  nullptr))
    return out_of_memory("cannot resize an image to ", width, " x ", height);
  return to;
}

template <class T>
T converted(float value) {
  if constexpr (std::is_integral_v<T>) {
    const float low = static_cast<float>(std::numeric_limits<T>::min());
    const float high = std::min(static_cast<float>(std::numeric_limits<T>::max()), 2147483520.0f);
    return static_cast<T>(std::clamp(std::round(value), low, high));
  } else {
    return static_cast<T>(value);
  }
}

float per_channel(const std::vector<float>& list, int channel, float fallback) {
  if (list.empty()) return fallback;
  return list.size() == 1 ? list[0] : list[static_cast<size_t>(channel)];
}

}  // namespace

bool is_image_file(const std::string& path) {
  const size_t dot = path.rfind('.');
  std::string extension = dot == std::string::npos ? "" : path.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string known[] = {"png", "jpg", "jpeg", "bmp", "gif",
                               "tga", "ppm", "pgm",  "pnm", "psd"};
  return std::find(std::begin(known), std::end(known), extension) != std::end(known);
}

Result<Tensor> read_image(const std::string& path, const TypeInfo& type,
                          const ImageOptions& options) {
  OARLOCK_ASSIGN(const Axes axes, find_axes(type, options.layout));
  const auto extent = [&](int axis) { return axis < 0 ? 1 : type.shape[axis]; };
  int64_t channels = extent(axes.channel);
  if (channels == Shape::kUnknown) channels = options.channels == "gray" ? 1 : 3;
  if (!is_channel_count(channels))
    return invalid("an image cannot have the ", channels, " channels of the input's type ", type);
  for (const std::vector<float>* list : {&options.mean, &options.std})
    if (list->size() > 1 && list->size() != static_cast<size_t>(channels))
      return invalid("--mean and --std take one number or one for each of the ", channels,
                     " channels, not ", list->size());
  OARLOCK_ASSIGN(Picture picture, load(path, static_cast<int>(channels)));
  const auto side = [&](int axis, int natural) {
    return extent(axis) == Shape::kUnknown ? natural : extent(axis);
  };
  const int64_t height = side(axes.height, picture.height), width = side(axes.width, picture.width);
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide)
    return invalid("an image cannot be resized to ", width, " x ", height);
  OARLOCK_ASSIGN(picture,
                 resized(std::move(picture), static_cast<int>(width), static_cast<int>(height)));

  Shape shape = type.shape;
  for (int64_t& dim : shape)
    if (dim == Shape::kUnknown) dim = 1;
  shape[axes.height] = height;
  shape[axes.width] = width;
  if (axes.channel >= 0) shape[axes.channel] = channels;
  if (shape.rank() == 4 && shape[0] != 1)
    return invalid("one image does not fill a batch of ", shape[0]);
  OARLOCK_ASSIGN(Tensor tensor, Tensor::allocate(type.dtype, shape));
  const float scale = options.scale.value_or(is_floating(type.dtype) ? 1.0f / 255 : 1.0f);
  const Shape strides = row_major_strides(shape);
  const int64_t channel_stride = axes.channel < 0 ? 0 : strides[axes.channel];
  const bool reversed = options.channels == "bgr" && channels >= 3;
  const bool known = visit_numbers(type.dtype, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const auto to = tensor.mutable_as<T>();
    for (int c = 0; c < picture.channels; ++c) {
      const int from_channel = reversed && c < 3 ? 2 - c : c;
      const float mean = per_channel(options.mean, c, 0), std = per_channel(options.std, c, 1);
      for (int y = 0; y < picture.height; ++y)
        for (int x = 0; x < picture.width; ++x) {
          const size_t at =
              (size_t(y) * size_t(picture.width) + size_t(x)) * size_t(picture.channels);
          const float value = (picture.pixels[at + size_t(from_channel)] * scale - mean) / std;
          to[size_t(c * channel_stride + y * strides[axes.height] + x * strides[axes.width])] =
              converted<T>(value);
        }
    }
  });
  if (!known) return unsupported("an image cannot become ", type.dtype);
  return tensor;
}

}  // namespace oarlock::cli
