#pragma once

#include <vector>

#include "oarlock/plugin/layout.h"

namespace oarlock {

// An image of a device that values of one element type take turns in.
struct ImageSlot {
  int device = 0;
  TensorDesc desc;  // with the image's extents

  size_t bytes() const { return storage_bytes(desc).value_or(0); }
};

// A value that needs an image during steps [first, last].
struct ImageLife {
  int device = 0;
  DType dtype = DType::float32;
  ImageExtents extents;
  int first = 0, last = 0;
  int slot = -1;  // index of its image
};

// Gives every value an image at least as large in both extents, of its device and type, that no
// other value alive at the same time has; with `separate` one of its own. Largest values first; an
// image grows where that takes less than another one.
std::vector<ImageSlot> assign_images(std::vector<ImageLife>& values, bool separate);

}  // namespace oarlock
