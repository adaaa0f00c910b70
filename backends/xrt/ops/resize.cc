// Resize of the two last axes, nearest and linear.
#include "kernels/fpga/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

namespace {

// Scale of one axis as ONNX defines it: given, or the ratio of the extents.
Result<double> scale_of(const NodeView& node, size_t axis) {
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  double scale = static_cast<double>(to[axis]) / static_cast<double>(from[axis]);
  if (node.input_count() > 2 && node.has_input(2) && element_count(node.input_shape(2)) > 0) {
    const Tensor* const scales = node.constant(2);
    if (scales == nullptr || scales->dtype() != DType::float32 ||
        scales->elements() != static_cast<int64_t>(from.rank()))
      return unsupported("scales that are not constant, or of some axes");
    scale = scales->as<float>()[axis];
  }
  if (!(scale > 0) || !std::isfinite(scale)) return unsupported("a scale that is not positive");
  return scale;
}

Result<double> source_of(const std::string& mode, double i, double scale, int64_t in, int64_t out) {
  if (mode.empty() || mode == "half_pixel") return (i + 0.5) / scale - 0.5;
  if (mode == "pytorch_half_pixel") return out > 1 ? (i + 0.5) / scale - 0.5 : 0.0;
  if (mode == "asymmetric") return i / scale;
  if (mode == "align_corners")
    return out > 1 ? i * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
  return unsupported("coordinate_transformation_mode ", mode);
}

Result<double> nearest(const std::string& mode, double x) {
  if (mode.empty() || mode == "round_prefer_floor") return std::ceil(x - 0.5);
  if (mode == "round_prefer_ceil") return std::floor(x + 0.5);
  if (mode == "floor") return std::floor(x);
  if (mode == "ceil") return std::ceil(x);
  return unsupported("nearest_mode ", mode);
}

// Lower and upper index and the upper one's weight, for each output index.
Result<std::vector<float>> table_of(const NodeView& node, size_t axis) {
  const int64_t in = node.input_shape(0)[axis], out = node.output_shape(0)[axis];
  const double last = static_cast<double>(in - 1);
  OARLOCK_ASSIGN(const double scale, scale_of(node, axis));
  std::vector<float> table;
  for (int64_t i = 0; i < out; ++i) {
    OARLOCK_ASSIGN(double x, source_of(node.attrs().string("coordinate_transformation_mode"),
                                       static_cast<double>(i), scale, in, out));
    x = std::clamp(x, -1.0, last + 1);
    double low = 0, weight = 0;
    if (node.attrs().string("mode") == "linear") {
      x = std::clamp(x, 0.0, last);
      low = std::floor(x);
      weight = x - low;
    } else {
      OARLOCK_ASSIGN(low, nearest(node.attrs().string("nearest_mode"), x));
      low = std::clamp(low, 0.0, last);
    }
    table.push_back(static_cast<float>(low));
    table.push_back(static_cast<float>(weight == 0 ? low : std::min(low + 1, last)));
    table.push_back(static_cast<float>(weight));
  }
  return table;
}

struct Tables {
  std::vector<float> rows, columns;
};

Result<Tables> read_node(const NodeView& node) {
  for (const TypeInfo* type : {&node.input(0), &node.output(0)})
    if (!type->is_concrete() || type->dtype != DType::float32)
      return unsupported("values that are no concrete float32");
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  for (const Shape* shape : {&from, &to})
    if (element_count(*shape) < 1 || element_count(*shape) > kMostElements)
      return unsupported(element_count(*shape), " elements");
  if (from.rank() != 4 || from[0] != to[0] || from[1] != to[1])
    return unsupported("anything but the two last axes of images");
  const std::string& mode = node.attrs().string("mode");
  if (mode == "cubic") return unsupported("mode cubic");
  if (node.attrs().integer("antialias", 0) != 0) return unsupported("antialias");
  if (!node.attrs().integers("axes").empty()) return unsupported("the attribute axes");
  constexpr int64_t kExact = 1 << 24;  // float32 counts so far
  if (from[2] >= kExact || from[3] >= kExact) return unsupported("an image that large");
  Tables tables;
  OARLOCK_ASSIGN(tables.rows, table_of(node, 2));
  OARLOCK_ASSIGN(tables.columns, table_of(node, 3));
  return tables;
}

Result<KernelNeeds> match(const NodeView& node, const Device&) {
  OARLOCK_TRY(read_node(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create(const NodeView& node, const KernelOption&, Device& device) {
  XrtDevice& xrt = xrt_device(device);
  OARLOCK_ASSIGN(const Tables tables, read_node(node));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> rows, xrt.constant(tables.rows));
  OARLOCK_ASSIGN(std::shared_ptr<::xrt::bo> columns, xrt.constant(tables.columns));
  const int y = static_cast<int>(node.input_count());
  OARLOCK_ASSIGN(
      const LaunchPtr launch,
      Launch::make(xrt, "resize",
                   {tensor(0), {-1, std::move(rows)}, {-1, std::move(columns)}, tensor(y)}));
  const Shape &from = node.input_shape(0), &to = node.output_shape(0);
  Parameters p(RESIZE_WORDS);
  p.set(RESIZE_PLANES, from[0] * from[1]);
  p.set(RESIZE_IN_Y, from[2]);
  p.set(RESIZE_IN_X, from[3]);
  p.set(RESIZE_OUT_Y, to[2]);
  p.set(RESIZE_OUT_X, to[3]);
  OARLOCK_TRY(launch->add(p));
  return launch_kernel(launch);
}

}  // namespace

std::span<const KernelDef> resize_kernels();

std::span<const KernelDef> resize_kernels() {
  static const std::array<KernelDef, 1> list = {{{"Resize", "resize_taps", match, create}}};
  return list;
}

}  // namespace oarlock::xrt
