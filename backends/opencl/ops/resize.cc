// Resize of images, nearest and linear, over the two last axes.
#include <algorithm>
#include <cmath>
#include <vector>

#include "backends/opencl/ops/support/layouts.h"

namespace oarlock::opencl {

namespace {

// As in resize.cl.
struct Tap {
  cl_int low = 0, high = 0;
  cl_float weight = 0;
  cl_int unused = 0;
};

struct Taps {
  std::vector<Tap> rows, columns;
};

// Output extent over input extent as ONNX defines it: given, or from the shapes.
Result<double> scale_of(const NodeView& node, size_t axis) {
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  const double ratio = static_cast<double>(to[axis]) / static_cast<double>(from[axis]);
  if (node.input_count() <= 2 || !node.has_input(2) || element_count(node.input_shape(2)) == 0)
    return ratio;
  const Tensor* scales = node.constant(2);
  if (!scales || scales->dtype() != DType::float32 ||
      scales->elements() != static_cast<int64_t>(from.rank()))
    return unsupported("scales that are not one constant for each axis");
  const double scale = static_cast<double>(scales->as<float>()[axis]);
  if (!(scale > 0) || !std::isfinite(scale)) return unsupported("a scale that is not positive");
  return scale;
}

// Where output i lies in the input.
Result<double> source_of(const NodeView& node, int64_t i, double scale, int64_t in, int64_t out) {
  const std::string& mode = node.attrs().string("coordinate_transformation_mode");
  const auto x = static_cast<double>(i);
  if (mode.empty() || mode == "half_pixel") return (x + 0.5) / scale - 0.5;
  if (mode == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / scale - 0.5 : 0.0;
  if (mode == "asymmetric") return x / scale;
  if (mode == "align_corners")
    return out > 1 ? x * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
  return unsupported("coordinate_transformation_mode ", mode);
}

Result<double> nearest(const std::string& mode, double x) {
  if (mode.empty() || mode == "round_prefer_floor") return std::ceil(x - 0.5);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  return unsupported("nearest_mode ", mode);
}

Result<std::vector<Tap>> taps_of(const NodeView& node, size_t axis) {
  const int64_t in = node.input_shape(0)[axis], out = node.output_shape(0)[axis];
  const auto last = static_cast<double>(in - 1);
  OARLOCK_ASSIGN(const double scale, scale_of(node, axis));
  std::vector<Tap> taps;
  for (int64_t i = 0; i < out; ++i) {
    OARLOCK_ASSIGN(double x, source_of(node, i, scale, in, out));
    Tap tap;
    if (node.attrs().string("mode") == "linear") {
      x = std::clamp(x, 0.0, last);
      tap.low = static_cast<cl_int>(x);
      tap.high = static_cast<cl_int>(std::min<int64_t>(tap.low + 1, in - 1));
      tap.weight = static_cast<float>(x - tap.low);
    } else {
      OARLOCK_ASSIGN(const double at, nearest(node.attrs().string("nearest_mode"), x));
      tap.low = tap.high = static_cast<cl_int>(std::clamp(at, 0.0, last));
    }
    taps.push_back(tap);
  }
  return taps;
}

Result<Taps> read_node(const NodeView& node) {
  const DType dtype = node.input(0).dtype;
  if (!node.input(0).is_concrete() || (dtype != DType::float32 && dtype != DType::float16))
    return unsupported("values of type ", to_string(node.input(0)));
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  if (from.rank() != 4 || from[0] != to[0] || from[1] != to[1])
    return unsupported("anything but the two last axes of images");
  for (const Shape& shape : {from, to})
    if (element_count(shape) < 1 || element_count(shape) > kMostElements)
      return unsupported("an image of shape ", shape);
  if (node.attrs().string("mode") == "cubic") return unsupported("mode cubic");
  if (node.attrs().integer("antialias", 0) != 0) return unsupported("antialias");
  if (!node.attrs().integers("axes").empty()) return unsupported("the attribute axes");
  Taps taps;
  OARLOCK_ASSIGN(taps.rows, taps_of(node, 2));
  OARLOCK_ASSIGN(taps.columns, taps_of(node, 3));
  return taps;
}

Result<KernelNeeds> match(const NodeView& node, const Device& device) {
  OARLOCK_TRY(read_node(node).status());
  return KernelNeeds(plain_and_blocked(node, device, may_be_blocked(node.input_shape(0)), {true}));
}

Result<KernelPtr> create(const NodeView& node, const KernelOption& chosen, Device& device) {
  ClDevice& cl = cl_device(device);
  OARLOCK_ASSIGN(const Taps taps, read_node(node));
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  const int block = chosen.variant ? cl.traits().channel_block : 1;
  const int64_t blocks = from[0] * ceil_div(from[1], block);
  Defines defines;
  defines.set("WIDTH", block).element("REAL", node.input(0).dtype);
  if (node.attrs().string("mode") == "linear") defines.set("LINEAR");
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("resize", defines));
  OARLOCK_ASSIGN(const std::shared_ptr<Buffer> rows, upload(cl, std::span<const Tap>(taps.rows)));
  OARLOCK_ASSIGN(const std::shared_ptr<Buffer> columns,
                 upload(cl, std::span<const Tap>(taps.columns)));
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(cl, source, "resize", 4, Work::grid({to[3], to[2], blocks}, {4, 4, 1})));
  OARLOCK_TRY(launch->scalars(static_cast<cl_int>(from[2]), static_cast<cl_int>(from[3]),
                              static_cast<cl_int>(to[2]), static_cast<cl_int>(to[3]),
                              static_cast<cl_int>(blocks)));
  return make_kernel([launch, rows, columns](const KernelArgs& args) -> Status {
    return launch->run({args.inputs[0], args.outputs[0], TensorRef{rows.get(), 0, nullptr},
                        TensorRef{columns.get(), 0, nullptr}});
  });
}

}  // namespace

std::span<const KernelDef> resize_kernels();

std::span<const KernelDef> resize_kernels() {
  static const KernelDef defs[] = {{"Resize", "resize_f32", match, create}};
  return defs;
}

}  // namespace oarlock::opencl
