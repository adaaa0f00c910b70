// NonMaxSuppression (ONNX 11).
#include <algorithm>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "boxes", {DType::float32}));
  OARLOCK_TRY(expect_dtype(c, 1, "scores", {DType::float32}));
  OARLOCK_TRY(expect_shape(c, 0, "boxes", {Shape::kUnknown, Shape::kUnknown, 4}));
  OARLOCK_TRY(expect_shape(c, 1, "scores", {c.shape(0)[0], Shape::kUnknown, c.shape(0)[1]}));
  constexpr std::string_view kNames[] = {"max_output_boxes_per_class", "iou_threshold",
                                         "score_threshold"};
  for (size_t i = 2; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    OARLOCK_TRY(expect_dtype(c, i, kNames[i - 2], {i == 2 ? DType::int64 : DType::float32}));
    if (extent_product(c.shape(i), 0, c.shape(i).rank()) != 1)
      return invalid("input ", kNames[i - 2], " must be a scalar, but its shape is ", c.shape(i));
  }
  c.set_output(0, DType::int64, {Shape::kUnknown, 3});
  return {};
}

struct Box {
  float y1, x1, y2, x2;  // ordered

  float area() const { return (y2 - y1) * (x2 - x1); }
};

Box box_at(const float* data, bool centered) {
  if (centered) {
    const float half_width = data[2] / 2, half_height = data[3] / 2;
    return {data[1] - half_height, data[0] - half_width, data[1] + half_height,
            data[0] + half_width};
  }
  return {std::min(data[0], data[2]), std::min(data[1], data[3]), std::max(data[0], data[2]),
          std::max(data[1], data[3])};
}

bool overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0 || a.area() <= 0 || b.area() <= 0) return false;
  const float common = height * width;
  return common / (a.area() + b.area() - common) > threshold;
}

Status non_max_suppression(RunContext& c) {
  const Shape& shape = c.input(1).shape();
  const int64_t classes = shape[1], count = shape[2];
  const float* boxes = c.input(0).as<float>().data();
  const float* scores = c.input(1).as<float>().data();
  const int64_t most = c.has_input(2) ? c.input(2).as<int64_t>()[0] : 0;
  const float overlap_threshold = c.has_input(3) ? c.input(3).as<float>()[0] : 0;
  const bool centered = c.attrs().integer("center_point_box") != 0;
  std::vector<int64_t> selected, candidates;
  std::vector<Box> kept;
  for (int64_t row = 0; row < shape[0] * classes; ++row) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    const float* score = scores + row * count;
    const float* box = boxes + row / classes * count * 4;
    candidates.clear();
    for (int64_t i = 0; i < count; ++i) {
      if (!c.has_input(4) || score[i] > c.input(4).as<float>()[0]) candidates.push_back(i);
    }
    // NaN scores come last; equal scores in order of their index.
    std::stable_sort(candidates.begin(), candidates.end(), [&](int64_t a, int64_t b) {
      return score[a] > score[b] || (score[a] == score[a] && score[b] != score[b]);
    });
    kept.clear();
    for (int64_t i : candidates) {
      if (static_cast<int64_t>(kept.size()) >= most) break;
      const Box next = box_at(box + i * 4, centered);
      const bool suppressed = std::any_of(kept.begin(), kept.end(), [&](const Box& other) {
        return overlap(next, other, overlap_threshold);
      });
      if (suppressed) continue;
      kept.push_back(next);
      selected.insert(selected.end(), {row / classes, row % classes, i});
    }
  }
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, DType::int64, {static_cast<int64_t>(selected.size() / 3), 3}));
  std::copy(selected.begin(), selected.end(), y->mutable_as<int64_t>().begin());
  return {};
}

}  // namespace

std::span<const OpDef> non_max_suppression_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "NonMaxSuppression",
       .since_version = 11,
       .attrs = {{"center_point_box", 0}},
       .inputs = {2, 5},
       .infer = infer,
       .reference = non_max_suppression},
  };
  return defs;
}

}  // namespace oarlock::ops
