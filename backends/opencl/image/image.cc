#include "backends/opencl/image/image.h"

#include <algorithm>
#include <array>

#include "backends/opencl/image/kernels.h"
#include "backends/opencl/ops/support/tags.h"

namespace oarlock::opencl {

namespace image {

namespace {

// In place of reading and writing buffers. Devices that share their memory with the host are those
// of phones, whose caches are made for textures; others are not known to gain.
constexpr double kCostSharingMemory = 0.5;

constexpr std::string_view kPacked = "conv_image";

}  // namespace

Plane::Plane(const Shape& shape) {
  const size_t rank = shape.rank();
  images = shape[0];
  channels = shape[1];
  if (rank > 2) width = shape[rank - 1];
  if (rank > 3) height = extent(shape, 2, rank - 1);
}

cl_int4 Plane::extents() const { return four(channels, width, height, images); }

cl_int4 four(int64_t x, int64_t y, int64_t z, int64_t w) {
  cl_int4 packed;
  packed.s[0] = narrow(x);
  packed.s[1] = narrow(y);
  packed.s[2] = narrow(z);
  packed.s[3] = narrow(w);
  return packed;
}

Status expect_image(const Device& device, const TensorDesc& desc) {
  if (desc.dtype != DType::float32 && desc.dtype != DType::float16)
    return unsupported("no images of ", desc.dtype);
  const std::optional<ImageExtents> extents = image_extents(desc);
  const size_t bytes = storage_bytes(desc).value_or(0);
  if (!extents || bytes == 0) return unsupported(to_string(desc), " is no image");
  const Traits& traits = cl_device(device).traits();
  if (extents->width > static_cast<int64_t>(traits.image_width) ||
      extents->height > static_cast<int64_t>(traits.image_height))
    return unsupported("an image of ", extents->width, " x ", extents->height,
                       " texels, of which the device allows ", traits.image_width, " x ",
                       traits.image_height);
  if (bytes > traits.max_allocation)
    return unsupported("an image of ", bytes, " bytes, of which the device allows ",
                       traits.max_allocation);
  return {};
}

Status expect_images(const NodeView& node, const Device& device,
                     const std::vector<size_t>& inputs) {
  const auto check = [&](const TypeInfo& type) {
    return expect_image(device, {type.dtype, type.shape, Layout::image2d()});
  };
  for (const size_t i : inputs) OARLOCK_TRY(check(node.input(i)));
  for (size_t i = 0; i < node.output_count(); ++i)
    if (node.has_output(i)) OARLOCK_TRY(check(node.output(i)));
  return {};
}

KernelDef image_kernel(const char* op, const char* name, decltype(KernelDef::match) match,
                       decltype(KernelDef::create) create) {
  const auto guarded = [match = std::move(match)](const NodeView& node,
                                                  const Device& device) -> Result<KernelNeeds> {
    const Traits& traits = cl_device(device).traits();
    const Settings::Storage storage = cl_device(device).settings().storage;
    const bool forced = storage == Settings::Storage::image;
    if (!forced && (storage == Settings::Storage::buffer || traits.is_cpu)) return unsupported("");
    if (!traits.images) return unsupported("the device has no images");
    OARLOCK_ASSIGN(KernelNeeds needs, match(node, device));
    if (forced) return needs;
    needs.beside_next = true;
    if (traits.unified_memory)
      for (KernelOption& option : needs.options) option.cost = kCostSharingMemory;
    return needs;
  };
  return {op, name, guarded, std::move(create)};
}

Result<ProgramSource> image_program(std::string_view name, DType dtype, Defines defines) {
  return embedded_program(name, defines.element("REAL", dtype), {"image"});
}

Work texels(int64_t columns, int64_t rows) { return Work::grid({columns, rows, 1}, {8, 8, 1}); }

KernelPtr launch_given(LaunchPtr launch, size_t inputs) {
  return make_kernel([launch = std::move(launch), inputs](const KernelArgs& args) -> Status {
    std::array<TensorRef, 5> tensors;
    size_t count = 0;
    for (size_t i = 0; i < std::min(inputs, args.inputs.size()); ++i)
      if (args.inputs[i]) tensors[count++] = args.inputs[i];
    tensors[count++] = args.outputs[0];
    return launch->run(std::span<const TensorRef>(tensors.data(), count));
  });
}

Layout Packing::layout() const {
  return Layout::packed_image(tag_of<4>(kPacked, {taps, inputs, outputs, depthwise}),
                              static_cast<uint32_t>(columns()), static_cast<uint32_t>(rows()));
}

std::optional<Packing> Packing::from(const Layout& layout) {
  if (layout.kind != Layout::Kind::image2d) return std::nullopt;
  const auto n = numbers_in<4>(layout.tag, kPacked);
  if (!n) return std::nullopt;
  return Packing{(*n)[0], (*n)[1], (*n)[2], (*n)[3] != 0};
}

}  // namespace image

std::span<const KernelDef> image_kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> all;
    for (const auto defs :
         {image::concat_kernels(), image::conv_kernels(), image::elementwise_kernels(),
          image::pool_kernels(), image::relayout_kernels()})
      all.insert(all.end(), defs.begin(), defs.end());
    return all;
  }();
  return list;
}

}  // namespace oarlock::opencl
