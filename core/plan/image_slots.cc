#include "core/plan/image_slots.h"

#include <algorithm>
#include <numeric>

namespace oarlock {

namespace {

struct Open {
  int device;
  DType dtype;
  ImageExtents extents;
  std::vector<const ImageLife*> values;

  bool takes(const ImageLife& value) const {
    return device == value.device && dtype == value.dtype &&
           std::none_of(values.begin(), values.end(), [&](const ImageLife* v) {
             return v->first <= value.last && value.first <= v->last;
           });
  }
};

ImageExtents covering(const ImageExtents& a, const ImageExtents& b) {
  return {std::max(a.width, b.width), std::max(a.height, b.height)};
}

// Extents come from shapes whose elements were counted, but covering two may overflow.
double texels(const ImageExtents& e) {
  return static_cast<double>(e.width) * static_cast<double>(e.height);
}

// The image that grows least for the value, the smallest of those; null when a new one is smaller.
Open* find(std::vector<Open>& images, const ImageLife& value) {
  Open* best = nullptr;
  double least = 0, size = 0;
  for (Open& image : images) {
    if (!image.takes(value)) continue;
    const double now = texels(image.extents);
    const double growth = texels(covering(image.extents, value.extents)) - now;
    if (growth >= texels(value.extents)) continue;
    if (best != nullptr && (growth > least || (growth == least && now >= size))) continue;
    best = &image;
    least = growth;
    size = now;
  }
  return best;
}

}  // namespace

std::vector<ImageSlot> assign_images(std::vector<ImageLife>& values, bool separate) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return texels(values[a].extents) > texels(values[b].extents);
  });
  std::vector<Open> images;
  for (const size_t i : order) {
    ImageLife& value = values[i];
    Open* image = separate ? nullptr : find(images, value);
    if (image == nullptr)
      image = &images.emplace_back(Open{value.device, value.dtype, value.extents, {}});
    image->extents = covering(image->extents, value.extents);
    image->values.push_back(&value);
    value.slot = static_cast<int>(image - images.data());
  }
  std::vector<ImageSlot> slots;
  for (const Open& image : images)
    slots.push_back(
        {image.device,
         {image.dtype, Shape{1, 4, image.extents.height, image.extents.width}, Layout::image2d()}});
  return slots;
}

}  // namespace oarlock
