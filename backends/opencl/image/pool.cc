// Pooling on images: over windows, and over whole planes, also as a reduction of both axes.
#include <algorithm>
#include <vector>

#include "backends/opencl/image/image.h"

namespace oarlock::opencl::image {

namespace {

constexpr int64_t kLanes = 16;  // of a group that reads a plane

struct Windows {
  WindowAxis x, y;
};

Result<Windows> read_windows(const NodeView& node) {
  if (node.has_output(1)) return unsupported("indices of maxima are wanted");
  const size_t rank = node.input_shape(0).rank();
  if (rank != 3 && rank != 4) return unsupported("an input of ", rank, " dimensions");
  const std::vector<int64_t>& extents = node.attrs().integers("kernel_shape");
  if (extents.size() != rank - 2) return unsupported("a window of ", extents.size(), " dimensions");
  Windows windows;
  OARLOCK_ASSIGN(windows.x, read_window_axis(node, rank - 3, extents.back()));
  if (rank == 4) {
    OARLOCK_ASSIGN(windows.y, read_window_axis(node, 0, extents[0]));
  }
  return windows;
}

Result<KernelNeeds> match_windows(const NodeView& node, const Device& device) {
  OARLOCK_TRY(expect_floats(node).status());
  OARLOCK_TRY(read_windows(node).status());
  OARLOCK_TRY(expect_images(node, device, {0}));
  KernelOption option;
  option.inputs = option.outputs = {Layout::image2d()};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_windows(const NodeView& node, const KernelOption&, Device& device) {
  OARLOCK_ASSIGN(const Windows windows, read_windows(node));
  const WindowAxis &x = windows.x, &y = windows.y;
  const Plane out(node.output_shape(0));
  Defines defines;
  if (node.node().op == "MaxPool")
    defines.set("MAXIMUM");
  else if (node.attrs().integer("count_include_pad", 0) != 0)
    defines.set("AVERAGE_ALL");
  defines.set("LANES", kLanes);
  OARLOCK_ASSIGN(const ProgramSource source,
                 image_program("pool_image", node.input(0).dtype, defines));
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(cl_device(device), source, "pool_image", 2,
                                                texels(out.columns(), out.rows())));
  OARLOCK_TRY(launch->scalars(pair(x.in, y.in), pair(x.out, y.out), pair(x.kernel, y.kernel),
                              pair(x.stride, y.stride), pair(x.dilation, y.dilation),
                              pair(x.pad_begin, y.pad_begin), pair(x.pad_end, y.pad_end),
                              narrow(out.columns()), narrow(out.rows())));
  return launch_given(std::move(launch), 1);
}

// Whether all axes after the channels are reduced, and no other.
Status expect_planes(const NodeView& node) {
  const size_t rank = node.input_shape(0).rank();
  if (rank != 3 && rank != 4) return unsupported("an input of ", rank, " dimensions");
  if (node.node().op.starts_with("Global")) return {};
  std::vector<int64_t> axes = node.attrs().integers("axes");
  if (node.input_count() > 1 && node.has_input(1)) {
    const Tensor* constant = node.constant(1);
    if (constant == nullptr || constant->dtype() != DType::int64)
      return unsupported("axes that are not constant");
    axes.assign(constant->as<int64_t>().begin(), constant->as<int64_t>().end());
  }
  for (int64_t& axis : axes) axis += axis < 0 ? static_cast<int64_t>(rank) : 0;
  std::sort(axes.begin(), axes.end());
  std::vector<int64_t> spatial;
  for (size_t axis = 2; axis < rank; ++axis) spatial.push_back(static_cast<int64_t>(axis));
  if (axes != spatial) return unsupported("reduces other axes than those of an image's plane");
  return {};
}

Result<KernelNeeds> match_planes(const NodeView& node, const Device& device) {
  OARLOCK_TRY(expect_planes(node));
  const DType dtype = node.input(0).dtype;
  const Shape &in = node.input_shape(0), &out = node.output_shape(0);
  if (!node.input(0).is_concrete() || node.output(0).dtype != dtype)
    return unsupported("values of type ", to_string(node.input(0)));
  OARLOCK_TRY(expect_image(device, {dtype, in, Layout::image2d()}));
  if (element_count(in) > kMostElements) return unsupported(element_count(in), " elements");
  const bool keeps = in.rank() == out.rank();
  if (keeps) OARLOCK_TRY(expect_image(device, {dtype, out, Layout::image2d()}));
  KernelOption option;
  option.inputs.assign(node.input_count(), Layout::row_major());
  option.inputs[0] = Layout::image2d();
  option.outputs = {keeps ? Layout::image2d() : Layout::row_major()};
  return KernelNeeds(std::move(option));
}

Result<KernelPtr> create_planes(const NodeView& node, const KernelOption& chosen, Device& device) {
  const Plane in(node.input_shape(0));
  Defines defines;
  if (node.node().op == "GlobalMaxPool" || node.node().op == "ReduceMax") defines.set("MAXIMUM");
  if (chosen.outputs[0].is_row_major()) defines.set("TO_ROWS");
  defines.set("LANES", kLanes);
  OARLOCK_ASSIGN(const ProgramSource source,
                 image_program("pool_image", node.input(0).dtype, defines));
  OARLOCK_ASSIGN(LaunchPtr launch,
                 Launch::make(cl_device(device), source, "pool_planes", 2,
                              Work::grid({kLanes, in.blocks(), in.images}, {kLanes, 1, 1})));
  OARLOCK_TRY(launch->scalars(pair(in.width, in.height), narrow(in.channels), narrow(in.images)));
  return launch_given(std::move(launch), 1);
}

}  // namespace

std::span<const KernelDef> pool_kernels() {
  static const KernelDef defs[] = {
      image_kernel("AveragePool", "image2d/average_pool", match_windows, create_windows),
      image_kernel("MaxPool", "image2d/max_pool", match_windows, create_windows),
      image_kernel("GlobalAveragePool", "image2d/pool_planes", match_planes, create_planes),
      image_kernel("GlobalMaxPool", "image2d/pool_planes", match_planes, create_planes),
      image_kernel("ReduceMax", "image2d/pool_planes", match_planes, create_planes),
      image_kernel("ReduceMean", "image2d/pool_planes", match_planes, create_planes)};
  return defs;
}

}  // namespace oarlock::opencl::image
