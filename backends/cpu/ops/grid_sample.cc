// GridSample of images with linear interpolation, padded with zeros or with the border.
#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/taps.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

constexpr int64_t kChunk = 64;  // points whose taps are at hand at once

struct GridSample {
  int64_t images = 1, channels = 1, height = 1, width = 1, points = 1;
  bool align_corners = false, border = false;

  // The place of a normalized coordinate along an axis, as ONNX defines it.
  double place(double normalized, int64_t extent) const {
    const auto length = static_cast<double>(extent);
    double x =
        align_corners ? (normalized + 1) / 2 * (length - 1) : ((normalized + 1) * length - 1) / 2;
    if (border && !std::isfinite(x)) x = 0;
    if (border) x = std::clamp(x, 0.0, length - 1);
    return x;
  }

  kc::PlaneTaps taps(const float* point) const {
    kc::PlaneTaps taps;
    const double x = place(point[0], width), y = place(point[1], height);
    if (!(x > -1 && x < static_cast<double>(width) && y > -1 && y < static_cast<double>(height)))
      return taps;
    const auto column = static_cast<int64_t>(std::floor(x)),
               row = static_cast<int64_t>(std::floor(y));
    const double dx = x - static_cast<double>(column), dy = y - static_cast<double>(row);
    for (int k = 0; k < 4; ++k) {
      int64_t r = row + k / 2, c = column + k % 2;
      if (border) r = std::min(r, height - 1), c = std::min(c, width - 1);
      if (r < 0 || r >= height || c < 0 || c >= width) continue;
      taps.at[k] = r * width + c;
      taps.weight[k] = static_cast<float>((k / 2 == 0 ? 1 - dy : dy) * (k % 2 == 0 ? 1 - dx : dx));
    }
    return taps;
  }
};

Result<GridSample> grid_sample_of(const NodeView& node) {
  if (!is_float32(node.input(0)) || !is_float32(node.input(1)))
    return unsupported("values of type ", node.input(0).dtype, " at ", node.input(1).dtype);
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  if (x.rank() != 4) return unsupported("anything but images");
  if (x.elements() == 0 || y.elements() == 0) return unsupported("an empty image");
  const std::string &mode = node.attrs().string("mode"),
                    &padding = node.attrs().string("padding_mode");
  if (mode != "linear" && mode != "bilinear") return unsupported("mode ", mode);
  if (padding != "zeros" && padding != "border") return unsupported("padding_mode ", padding);
  return GridSample{x[0],
                    x[1],
                    x[2],
                    x[3],
                    y[2] * y[3],
                    node.attrs().integer("align_corners", 0) != 0,
                    padding == "border"};
}

Result<KernelNeeds> match_grid_sample(const NodeView& node, const Device&) {
  OARLOCK_TRY(grid_sample_of(node).status());
  return KernelNeeds();
}

Result<KernelPtr> create_grid_sample(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const GridSample g, grid_sample_of(node));
  return make_kernel([g, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    const float* grid = args.inputs[1].data<const float>();
    float* y = args.outputs[0].data<float>();
    const int64_t plane = g.height * g.width, chunks = (g.points + kChunk - 1) / kChunk;
    const auto work = static_cast<double>(kChunk * (g.channels * 8 + 32));
    cpu.parallel(g.images * chunks, grain_for(work), [&](int64_t begin, int64_t end, int) {
      for (int64_t unit = begin; unit < end; ++unit) {
        const int64_t image = unit / chunks, first = unit % chunks * kChunk;
        const int64_t count = std::min(kChunk, g.points - first);
        std::array<kc::PlaneTaps, kChunk> taps;
        for (int64_t i = 0; i < count; ++i)
          taps[static_cast<size_t>(i)] = g.taps(grid + 2 * (image * g.points + first + i));
        kc::sample_planes(taps.data(), count, x + image * g.channels * plane, plane, g.channels,
                          y + image * g.channels * g.points + first, g.points);
      }
    });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> grid_sample_kernels();

std::span<const KernelDef> grid_sample_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"GridSample", "grid_sample_f32", match_grid_sample, create_grid_sample}}};
  return list;
}

}  // namespace oarlock::cpu
