// RoiAlign with averages.
#include <algorithm>
#include <array>
#include <cmath>

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/taps.h"

namespace oarlock::cpu {

namespace {

namespace kc = kernels::cpu;

constexpr int64_t kChunk = 256;       // samples at hand at once
constexpr double kMaxSamples = 1024;  // along one axis of a bin

struct RoiAlign {
  int64_t images = 1, channels = 1, height = 1, width = 1, rois = 1;
  int64_t out_height = 1, out_width = 1, ratio = 0;
  bool half_pixel = true;
  double scale = 1;

  kc::PlaneTaps taps(double y, double x) const {
    kc::PlaneTaps taps;
    const auto h = static_cast<double>(height), w = static_cast<double>(width);
    if (!(y >= -1 && y <= h && x >= -1 && x <= w)) return taps;
    y = std::clamp(y, 0.0, h - 1);
    x = std::clamp(x, 0.0, w - 1);
    const auto row = static_cast<int64_t>(y), column = static_cast<int64_t>(x);
    const double dy = y - static_cast<double>(row), dx = x - static_cast<double>(column);
    for (int k = 0; k < 4; ++k) {
      taps.at[k] = std::min(row + k / 2, height - 1) * width + std::min(column + k % 2, width - 1);
      taps.weight[k] = static_cast<float>((k / 2 == 0 ? 1 - dy : dy) * (k % 2 == 0 ? 1 - dx : dx));
    }
    return taps;
  }
};

// A region's corner and the extents of its bins, in pixels.
struct Region {
  double top = 0, left = 0, bin_height = 0, bin_width = 0;

  Region(const RoiAlign& r, const float* box) {
    const double shift = r.half_pixel ? 0.5 : 0;
    left = box[0] * r.scale - shift;
    top = box[1] * r.scale - shift;
    double width = box[2] * r.scale - shift - left, height = box[3] * r.scale - shift - top;
    if (!r.half_pixel) width = std::max(width, 1.0), height = std::max(height, 1.0);
    bin_height = height / static_cast<double>(r.out_height);
    bin_width = width / static_cast<double>(r.out_width);
  }
};

Result<RoiAlign> roi_align_of(const NodeView& node) {
  if (!is_float32(node.input(0))) return unsupported("values of type ", node.input(0).dtype);
  const Shape &x = node.input_shape(0), &y = node.output_shape(0);
  if (x.elements() == 0 || y.elements() == 0) return unsupported("an empty image");
  if (node.attrs().string("mode") == "max") return unsupported("mode max");
  RoiAlign r;
  r.images = x[0];
  r.channels = x[1];
  r.height = x[2];
  r.width = x[3];
  r.rois = y[0];
  r.out_height = y[2];
  r.out_width = y[3];
  r.ratio = node.attrs().integer("sampling_ratio", 0);
  r.half_pixel = node.attrs().string("coordinate_transformation_mode") != "output_half_pixel";
  r.scale = node.attrs().number("spatial_scale", 1);
  return r;
}

Result<KernelNeeds> match_roi_align(const NodeView& node, const Device&) {
  OARLOCK_TRY(roi_align_of(node).status());
  return KernelNeeds();
}

// All bins and channels of one region. Bins of few samples share a round over the channels.
void align(const RoiAlign& r, const Region& region, const float* x, float* y) {
  const int64_t plane = r.height * r.width, bins = r.out_height * r.out_width;
  const auto count_of = [&](double extent) {
    return r.ratio > 0 ? r.ratio : std::max<int64_t>(static_cast<int64_t>(std::ceil(extent)), 0);
  };
  const int64_t rows = count_of(region.bin_height), columns = count_of(region.bin_width);
  const int64_t samples = rows * columns;
  std::fill_n(y, r.channels * bins, 0.0f);
  if (samples == 0) return;
  std::array<kc::PlaneTaps, kChunk> taps;
  const auto fill = [&](int64_t bin, int64_t first, int64_t count, size_t to) {
    for (int64_t i = first; i < first + count; ++i) {
      const auto down = (static_cast<double>(i / columns) + 0.5) / static_cast<double>(rows);
      const auto right = (static_cast<double>(i % columns) + 0.5) / static_cast<double>(columns);
      taps[to++] =
          r.taps(region.top + (static_cast<double>(bin / r.out_width) + down) * region.bin_height,
                 region.left + (static_cast<double>(bin % r.out_width) + right) * region.bin_width);
    }
  };
  const int64_t group = std::max<int64_t>(kChunk / samples, 1);
  for (int64_t bin = 0; bin < bins; bin += group) {
    const int64_t together = std::min(group, bins - bin);
    for (int64_t first = 0; first < samples; first += kChunk) {
      const int64_t count = std::min(kChunk, samples - first);
      for (int64_t b = 0; b < together; ++b)
        fill(bin + b, first, count, static_cast<size_t>(b * count));
      kc::add_samples(taps.data(), count, together, 1 / static_cast<float>(samples), x, plane,
                      r.channels, y + bin, bins);
    }
  }
}

Result<KernelPtr> create_roi_align(const NodeView& node, const KernelOption&, Device& device) {
  const CpuDevice& cpu = cpu_device(device);
  OARLOCK_ASSIGN(const RoiAlign r, roi_align_of(node));
  return make_kernel([r, &cpu](const KernelArgs& args) -> Status {
    const float* x = args.inputs[0].data<const float>();
    const float* boxes = args.inputs[1].data<const float>();
    const int64_t* images = args.inputs[2].data<const int64_t>();
    float* y = args.outputs[0].data<float>();
    for (int64_t i = 0; i < r.rois; ++i) {
      if (images[i] < 0 || images[i] >= r.images)
        return invalid("RoiAlign: input batch_indices has the index ", images[i], "; X has ",
                       r.images, " images");
      const Region region(r, boxes + 4 * i);
      if (!(std::abs(region.bin_height) < kMaxSamples && std::abs(region.bin_width) < kMaxSamples))
        return invalid("RoiAlign: region ", i, " in input rois is too large or not a number");
    }
    const int64_t bins = r.out_height * r.out_width;
    cpu.parallel(r.rois, grain_for(static_cast<double>(r.channels * bins * 32)),
                 [&](int64_t begin, int64_t end, int) {
                   for (int64_t roi = begin; roi < end; ++roi)
                     align(r, Region(r, boxes + 4 * roi),
                           x + images[roi] * r.channels * r.height * r.width,
                           y + roi * r.channels * bins);
                 });
    return {};
  });
}

}  // namespace

std::span<const KernelDef> roi_align_kernels();

std::span<const KernelDef> roi_align_kernels() {
  static const std::array<KernelDef, 1> list = {
      {{"RoiAlign", "roi_align_f32", match_roi_align, create_roi_align}}};
  return list;
}

}  // namespace oarlock::cpu
