// ONNX Shape, Size (25).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

struct AxisRange {
  size_t first, last;
};

// The axes that attributes start and end select; both clamp to the rank.
AxisRange selected_axes(const Attrs& attrs, size_t rank) {
  const auto end = static_cast<int64_t>(rank);
  const auto clamp = [end](int64_t axis) {
    return static_cast<size_t>(std::clamp<int64_t>(axis < 0 ? axis + end : axis, 0, end));
  };
  const size_t first = clamp(attrs.integer("start"));
  return {first, std::max(first, clamp(attrs.integer("end", end)))};
}

Status infer_shape(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  const auto [first, last] = selected_axes(c.attrs(), c.shape(0).rank());
  c.set_output(0, DType::int64, {static_cast<int64_t>(last - first)});
  return {};
}

Status run_shape(RunContext& c) {
  const Shape& shape = c.input(0).shape();
  const auto [first, last] = selected_axes(c.attrs(), shape.rank());
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::int64, {static_cast<int64_t>(last - first)}));
  std::copy(shape.begin() + first, shape.begin() + last, y->mutable_as<int64_t>().begin());
  return {};
}

Status infer_size(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  c.set_output(0, DType::int64, {});
  return {};
}

Status run_size(RunContext& c) {
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::int64, {}));
  y->mutable_as<int64_t>()[0] = c.input(0).elements();
  return {};
}

}  // namespace

std::span<const OpDef> shape_ops() {
  static const OpDef defs[] = {
      {.name = "Shape",
       .since_version = 25,
       .attrs = {{"start", 0}, {"end", AttrKind::integer}},
       .inputs = 1,
       .infer = infer_shape,
       .reference = run_shape},
      {.name = "Size",
       .since_version = 25,
       .inputs = 1,
       .infer = infer_size,
       .reference = run_size},
  };
  return defs;
}

}  // namespace oarlock::ops
