// RoiAlign, MaxRoiPool (ONNX 22): pooling of regions of interest.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

constexpr int64_t kMaxSamples = 1024;  // along one axis of a bin

Status infer_align(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_rank(c, 0, "X", 4));
  OARLOCK_TRY(expect_same_dtype(c, 1, "rois", c.dtype(0)));
  OARLOCK_TRY(expect_shape(c, 1, "rois", {Shape::kUnknown, 4}));
  OARLOCK_TRY(expect_dtype(c, 2, "batch_indices", {DType::int64}));
  OARLOCK_TRY(expect_shape(c, 2, "batch_indices", {c.shape(1)[0]}));
  const Attrs& attrs = c.attrs();
  const std::string& mode = attrs.string("mode");
  const std::string& coordinates = attrs.string("coordinate_transformation_mode");
  if (mode != "avg" && mode != "max")
    return invalid("attribute mode must be avg or max, but is ", mode);
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel")
    return invalid(
        "attribute coordinate_transformation_mode must be half_pixel or output_half_pixel, but is ",
        coordinates);
  const int64_t height = attrs.integer("output_height", 1);
  const int64_t width = attrs.integer("output_width", 1);
  if (height < 1 || width < 1 || attrs.integer("sampling_ratio") < 0 ||
      attrs.integer("sampling_ratio") > kMaxSamples)
    return invalid("the output of ", height, " x ", width, " with sampling_ratio ",
                   attrs.integer("sampling_ratio"), " is not possible");
  c.set_output(0, c.dtype(0),
               {known_of(c.shape(1)[0], c.shape(2)[0]), c.shape(0)[1], height, width});
  return {};
}

// Four neighbours of a point with their weights.
struct Sample {
  int64_t at[4] = {};
  double weight[4] = {};
};

Sample sample_at(double y, double x, int64_t height, int64_t width) {
  Sample s;
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width)))
    return s;
  y = std::clamp(y, 0.0, static_cast<double>(height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const int64_t y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
  const int64_t y1 = std::min(y0 + 1, height - 1), x1 = std::min(x0 + 1, width - 1);
  const double dy = y - static_cast<double>(y0), dx = x - static_cast<double>(x0);
  s.at[0] = y0 * width + x0, s.weight[0] = (1 - dy) * (1 - dx);
  s.at[1] = y0 * width + x1, s.weight[1] = (1 - dy) * dx;
  s.at[2] = y1 * width + x0, s.weight[2] = dy * (1 - dx);
  s.at[3] = y1 * width + x1, s.weight[3] = dy * dx;
  return s;
}

Status roi_align(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const int64_t channels = shape[1], height = shape[2], width = shape[3];
  const int64_t rois = c.input(1).shape()[0];
  const Attrs& attrs = c.attrs();
  const int64_t out_height = attrs.integer("output_height", 1);
  const int64_t out_width = attrs.integer("output_width", 1);
  const int64_t ratio = attrs.integer("sampling_ratio");
  const bool half_pixel = attrs.string("coordinate_transformation_mode") == "half_pixel";
  const bool average = attrs.string("mode") == "avg";
  const double scale = attrs.number("spatial_scale", 1);
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), {rois, channels, out_height, out_width}));
  const auto batches = c.input(2).as<int64_t>();
  for (int64_t batch : batches) {
    if (batch < 0 || batch >= shape[0])
      return invalid("input batch_indices has the index ", batch, "; X has ", shape[0], " images");
  }
  if (height == 0 || width == 0) return invalid("X of shape ", shape, " has no pixels");
  const Elements<double> x(c.input(0)), boxes(c.input(1));
  Results<double> y(*output);
  std::vector<Sample> samples;
  for (int64_t r = 0; r < rois; ++r) {
    const double shift = half_pixel ? 0.5 : 0;
    double corner[4];
    for (int64_t k = 0; k < 4; ++k) corner[k] = boxes[r * 4 + k] * scale - shift;
    double box_width = corner[2] - corner[0], box_height = corner[3] - corner[1];
    if (!half_pixel) {
      box_width = std::max(box_width, 1.0);
      box_height = std::max(box_height, 1.0);
    }
    const double bin_height = box_height / static_cast<double>(out_height);
    const double bin_width = box_width / static_cast<double>(out_width);
    if (!(std::abs(bin_height) < kMaxSamples && std::abs(bin_width) < kMaxSamples))
      return invalid("region ", r, " in input rois is too large or not a number");
    const int64_t rows = ratio > 0 ? ratio : static_cast<int64_t>(std::ceil(bin_height));
    const int64_t columns = ratio > 0 ? ratio : static_cast<int64_t>(std::ceil(bin_width));
    for (int64_t bin = 0; bin < out_height * out_width; ++bin) {
      if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
      const double top = corner[1] + static_cast<double>(bin / out_width) * bin_height;
      const double left = corner[0] + static_cast<double>(bin % out_width) * bin_width;
      samples.clear();
      for (int64_t i = 0; i < rows; ++i) {
        for (int64_t j = 0; j < columns; ++j) {
          samples.push_back(sample_at(
              top + (static_cast<double>(i) + 0.5) * bin_height / static_cast<double>(rows),
              left + (static_cast<double>(j) + 0.5) * bin_width / static_cast<double>(columns),
              height, width));
        }
      }
      for (int64_t channel = 0; channel < channels; ++channel) {
        const double* plane = x.data() + (batches[r] * channels + channel) * height * width;
        double sum = 0, most = -std::numeric_limits<double>::infinity();
        for (const Sample& s : samples) {
          for (int k = 0; k < 4; ++k) {
            const double part = s.weight[k] * plane[s.at[k]];
            sum += part;
            most = std::max(most, part);
          }
        }
        const double count = static_cast<double>(std::max<size_t>(samples.size(), 1));
        y[((r * channels + channel) * out_height * out_width) + bin] = average ? sum / count
                                                                       : samples.empty() ? 0
                                                                                         : most;
      }
    }
  }
  y.store();
  return {};
}

Status infer_pool(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_float(c, 0, "X"));
  OARLOCK_TRY(expect_rank(c, 0, "X", 4));
  OARLOCK_TRY(expect_same_dtype(c, 1, "rois", c.dtype(0)));
  OARLOCK_TRY(expect_shape(c, 1, "rois", {Shape::kUnknown, 5}));
  const std::vector<int64_t>& pooled = c.attrs().integers("pooled_shape");
  if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1)
    return invalid("attribute pooled_shape must have two positive entries");
  c.set_output(0, c.dtype(0), {c.shape(1)[0], c.shape(0)[1], pooled[0], pooled[1]});
  return {};
}

Status max_roi_pool(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const int64_t channels = shape[1];
  const int64_t rois = c.input(1).shape()[0];
  const std::vector<int64_t>& pooled = c.attrs().integers("pooled_shape");
  const double scale = c.attrs().number("spatial_scale", 1);
  OARLOCK_ASSIGN(Tensor* const output,
                 c.output(0, c.input(0).dtype(), {rois, channels, pooled[0], pooled[1]}));
  const Elements<double> x(c.input(0)), boxes(c.input(1));
  Results<double> y(*output);
  const auto rounded = [](double value) {
    return static_cast<int64_t>(std::clamp(std::round(value), -1e9, 1e9));
  };
  for (int64_t r = 0; r < rois; ++r) {
    double box[5];
    for (int64_t k = 0; k < 5; ++k) {
      box[k] = boxes[r * 5 + k];
      if (!std::isfinite(box[k])) return invalid("region ", r, " in input rois is not finite");
    }
    if (box[0] < 0 || box[0] >= static_cast<double>(shape[0]))
      return invalid("region ", r, " in input rois names image ", box[0], "; X has ", shape[0]);
    const int64_t batch = static_cast<int64_t>(box[0]);
    // The bounds of bin i of n along an axis with `extent` pixels.
    const auto bounds = [&](double from, double to, int64_t i, int64_t n, int64_t extent) {
      const int64_t begin = rounded(from * scale);
      const double bin =
          static_cast<double>(std::max<int64_t>(rounded(to * scale) - begin + 1, 1)) /
          static_cast<double>(n);
      const auto first = static_cast<int64_t>(std::floor(static_cast<double>(i) * bin));
      const auto last = static_cast<int64_t>(std::ceil(static_cast<double>(i + 1) * bin));
      return std::pair(std::clamp<int64_t>(begin + first, 0, extent),
                       std::clamp<int64_t>(begin + last, 0, extent));
    };
    for (int64_t i = 0; i < pooled[0]; ++i) {
      const auto [top, bottom] = bounds(box[2], box[4], i, pooled[0], shape[2]);
      for (int64_t j = 0; j < pooled[1]; ++j) {
        const auto [left, right] = bounds(box[1], box[3], j, pooled[1], shape[3]);
        for (int64_t channel = 0; channel < channels; ++channel) {
          const double* plane = x.data() + (batch * channels + channel) * shape[2] * shape[3];
          const bool empty = bottom <= top || right <= left;
          double most = empty ? 0 : -std::numeric_limits<double>::infinity();
          for (int64_t h = top; h < bottom; ++h) {
            for (int64_t w = left; w < right; ++w) most = std::max(most, plane[h * shape[3] + w]);
          }
          y[((r * channels + channel) * pooled[0] + i) * pooled[1] + j] = most;
        }
      }
    }
  }
  y.store();
  return {};
}

}  // namespace

std::span<const OpDef> roi_align_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "RoiAlign",
       .since_version = 22,
       .attrs = {{"coordinate_transformation_mode", "half_pixel"},
                 {"mode", "avg"},
                 {"output_height", 1},
                 {"output_width", 1},
                 {"sampling_ratio", 0},
                 {"spatial_scale", 1.0f}},
       .inputs = 3,
       .infer = infer_align,
       .reference = roi_align},
      {.name = "MaxRoiPool",
       .since_version = 22,
       .attrs = {AttrDef::must("pooled_shape", AttrKind::integers), {"spatial_scale", 1.0f}},
       .inputs = 2,
       .infer = infer_pool,
       .reference = max_roi_pool},
  };
  return defs;
}

}  // namespace oarlock::ops
