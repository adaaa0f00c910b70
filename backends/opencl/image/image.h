#pragma once
// What the kernels on images (image2d textures) have in common.

#include <optional>
#include <string>
#include <vector>

#include "backends/opencl/ops/support/convolution.h"
#include "backends/opencl/program.h"

namespace oarlock::opencl::image {

// A tensor as the kernels see it: channels, width, height, images. The height is that of all axes
// between the channels and the last.
struct Plane {
  int64_t channels = 1, width = 1, height = 1, images = 1;

  explicit Plane(const Shape& shape);
  int64_t blocks() const { return ceil_div(channels, 4); }
  int64_t columns() const { return blocks() * width; }  // of texels
  int64_t rows() const { return height * images; }
  cl_int4 extents() const;
};

cl_int4 four(int64_t x, int64_t y, int64_t z, int64_t w);
inline cl_int narrow(int64_t value) { return static_cast<cl_int>(value); }

// Refuses what the device has no image for: other types than float32 and float16, fewer than two
// axes, extents beyond the device's.
Status expect_image(const Device& device, const TensorDesc& desc);
// The same for all inputs in `inputs` and all outputs of a node, in the layout image2d.
Status expect_images(const NodeView& node, const Device& device, const std::vector<size_t>& inputs);

// A kernel "image2d/..." that takes nodes only where sessions want images: with
// opencl.storage=image whatever `match` takes, on GPUs what the choice of layouts gives it, on CPUs
// nothing. Its options have images for outputs.
KernelDef image_kernel(const char* op, const char* name, decltype(KernelDef::match) match,
                       decltype(KernelDef::create) create);

// kernels/opencl/<name>.cl after image.cl, for elements of a type.
Result<ProgramSource> image_program(std::string_view name, DType dtype, Defines defines);
// Texels, in groups that suit two-dimensional caches.
Work texels(int64_t columns, int64_t rows);

// A step that launches on the inputs that are there, of the first `inputs`, then output 0.
KernelPtr launch_given(LaunchPtr launch, size_t inputs);

// Weights of a convolution as conv_image.cl reads them.
struct Packing {
  int64_t taps = 1, inputs = 1, outputs = 1;  // inputs of a group
  bool depthwise = false;

  int64_t columns() const { return depthwise ? taps : ceil_div(inputs, 4) * 4; }
  int64_t rows() const { return ceil_div(outputs, 4) * (depthwise ? 1 : taps); }
  Layout layout() const;
  static std::optional<Packing> from(const Layout& layout);
};

std::span<const KernelDef> concat_kernels();
std::span<const KernelDef> conv_kernels();
std::span<const KernelDef> elementwise_kernels();
std::span<const KernelDef> pool_kernels();
std::span<const KernelDef> relayout_kernels();

}  // namespace oarlock::opencl::image
