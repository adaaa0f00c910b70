// Resize of images, nearest and linear, over the two last axes.
#include "kernels/cpu/resize.h"

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "backends/cpu/ops/support/element_layout.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

// Scale of one axis as ONNX defines it: given, or output extent over input extent.
Result<double> scale_of(const NodeView& node, size_t axis) {
  const Shape& from = node.input_shape(0);
  const double ratio =
      static_cast<double>(node.output_shape(0)[axis]) / static_cast<double>(from[axis]);
  if (!(node.input_count() > 2 && node.has_input(2)) || element_count(node.input(2)) == 0)
    return ratio;
  const Tensor* scales = node.constant(2);
  if (!scales || scales->dtype() != DType::float32)
    return unsupported("scales that are not constant");
  if (scales->elements() != static_cast<int64_t>(from.rank()))
    return unsupported("scales of some axes");
  return static_cast<double>(scales->as<float>()[axis]);
}

Result<double> source_of(const std::string& mode, int64_t i, double scale, int64_t in,
                         int64_t out) {
  const double x = static_cast<double>(i);
  if (mode.empty() || mode == "half_pixel") return (x + 0.5) / scale - 0.5;
  if (mode == "pytorch_half_pixel") return out > 1 ? (x + 0.5) / scale - 0.5 : 0.0;
  if (mode == "asymmetric") return x / scale;
  if (mode == "align_corners")
    return out > 1 ? x * static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0.0;
  return unsupported("coordinate_transformation_mode ", mode);
}

Result<int64_t> nearest(const std::string& mode, double x) {
  if (mode.empty() || mode == "round_prefer_floor") return static_cast<int64_t>(std::ceil(x - 0.5));
  if (mode == "round_prefer_ceil") return static_cast<int64_t>(std::floor(x + 0.5));
  if (mode == "floor") return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil") return static_cast<int64_t>(std::ceil(x));
  return unsupported("nearest_mode ", mode);
}

Result<std::vector<kc::ResizeTap>> taps_of(const NodeView& node, size_t axis) {
  const int64_t in = node.input_shape(0)[axis], out = node.output_shape(0)[axis];
  const bool is_nearest = node.attrs().string("mode") != "linear";
  OARLOCK_ASSIGN(const double scale, scale_of(node, axis));
  std::vector<kc::ResizeTap> taps;
  for (int64_t i = 0; i < out; ++i) {
    if (!(scale > 0) || !std::isfinite(scale)) return unsupported("a scale that is not positive");
    OARLOCK_ASSIGN(double x, source_of(node.attrs().string("coordinate_transformation_mode"), i,
                                       scale, in, out));
    x = std::clamp(x, -1.0, static_cast<double>(in));
    kc::ResizeTap tap;
    if (is_nearest) {
      OARLOCK_ASSIGN(const int64_t at, nearest(node.attrs().string("nearest_mode"), x));
      tap.low = tap.high = static_cast<int32_t>(std::clamp<int64_t>(at, 0, in - 1));
    } else {
      x = std::clamp(x, 0.0, static_cast<double>(in - 1));
      tap.low = static_cast<int32_t>(x);
      tap.high = static_cast<int32_t>(std::min<int64_t>(tap.low + 1, in - 1));
      tap.weight = static_cast<float>(x - tap.low);
    }
    taps.push_back(tap);
  }
  return taps;
}

struct Tables {
  kc::Resize shape;
  std::vector<kc::ResizeTap> rows, columns;
  int64_t lines = 0;
};

Result<std::shared_ptr<Tables>> tables_of(const NodeView& node) {
  if (!is_float32(node.input(0))) return unsupported("values of type ", node.input(0).dtype);
  const Shape& from = node.input_shape(0);
  const Shape& to = node.output_shape(0);
  if (from.rank() != 4 || from[0] != to[0] || from[1] != to[1])
    return unsupported("anything but the two last axes of images");
  if (from.elements() == 0 || to.elements() == 0) return unsupported("an empty image");
  if (from[2] > INT32_MAX || from[3] > INT32_MAX) return unsupported("an image that large");
  const std::string& mode = node.attrs().string("mode");
  if (mode == "cubic") return unsupported("mode cubic");
  if (node.attrs().integer("antialias", 0) != 0) return unsupported("antialias");
  if (!node.attrs().integers("axes").empty()) return unsupported("the attribute axes");
  auto tables = std::make_shared<Tables>();
  OARLOCK_ASSIGN(tables->rows, taps_of(node, 2));
  OARLOCK_ASSIGN(tables->columns, taps_of(node, 3));
  tables->shape = {
      from[2],         from[3], to[2], to[3], 1, tables->rows.data(), tables->columns.data(),
      mode != "linear"};
  return tables;
}

Result<KernelNeeds> match_resize(const NodeView& node, const Device&) {
  OARLOCK_TRY(tables_of(node).status());
  return KernelNeeds(plain_and_blocked(node, may_be_blocked(node.input_shape(0)), {true}));
}

Result<KernelPtr> create_resize(const NodeView& node, const KernelOption& chosen, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const std::shared_ptr<Tables> tables, tables_of(node));
  const Shape& to = node.output_shape(0);
  const bool blocked = is_blocked(chosen);
  tables->shape.block = blocked ? kChannelBlock : 1;
  tables->lines = memory_elements(to, blocked) / (to[3] * tables->shape.block);
  return make_kernel([tables, &cpu](const KernelArgs& args) -> Status {
    const kc::Resize& shape = tables->shape;
    const float* x = args.inputs[0].data<const float>();
    float* y = args.outputs[0].data<float>();
    cpu.parallel(tables->lines, grain_for(static_cast<double>(shape.out_width * shape.block)),
                 [&](int64_t begin, int64_t end, int) { kc::resize(shape, x, y, begin, end); });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> resize_kernels();

std::span<const KernelDef> resize_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"Resize", "resize_f32", match_resize, create_resize}}};
  return list;
}

}  // namespace oarlock::cpu
