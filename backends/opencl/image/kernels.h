#pragma once

#include <span>

#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// The kernels "image2d/...", which keep values of images in image2d textures.
std::span<const KernelDef> image_kernels();

}  // namespace oarlock::opencl
