// ONNX Slice (13).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

struct Range {
  int64_t start = 0, step = 1, count = 0;
};

// The elements that start:end:step selects of an axis, after clamping.
Range selected(int64_t start, int64_t end, int64_t step, int64_t extent) {
  Range range{0, step, 0};
  if (extent == 0) return range;
  const auto place = [extent](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? at + extent : at, low, high);
  };
  if (step > 0) {
    range.start = place(start, 0, extent);
    const int64_t stop = place(end, 0, extent);
    if (stop > range.start) range.count = (stop - range.start - 1) / step + 1;
  } else {
    range.start = place(start, 0, extent - 1);
    const int64_t stop = place(end, -1, extent - 1);
    const uint64_t stride = 0 - static_cast<uint64_t>(step);
    if (stop < range.start) {
      range.count =
          static_cast<int64_t>(static_cast<uint64_t>(range.start - stop - 1) / stride) + 1;
    }
  }
  return range;
}

// Axes of the input, one for each of `count` starts.
Result<IntegerList> sliced_axes(const IntegerList* given, size_t count, size_t rank) {
  if (given == nullptr) {
    if (count > rank) return invalid(count, " starts for a tensor of rank ", rank);
    IntegerList axes(count);
    for (size_t i = 0; i < count; ++i) axes[i] = static_cast<int64_t>(i);
    return axes;
  }
  if (given->size() != count) return invalid(given->size(), " axes for ", count, " starts");
  return resolve_axes(given->dims(), rank);
}

Status check_step(int64_t step) {
  return step == 0 ? invalid("a step of 0; use 1 to take every element") : Status();
}

// Unknown extents stay unknown, and so do axes whose starts, ends or steps are not constant.
Status infer_slice(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    OARLOCK_TRY(check_integers(c, i));
    OARLOCK_TRY(check_rank(c, i, 1));
  }
  OARLOCK_ASSIGN(const auto starts, known_integers(c, 1));
  OARLOCK_ASSIGN(const auto ends, known_integers(c, 2));
  OARLOCK_ASSIGN(const auto given_axes, known_integers(c, 3));
  OARLOCK_ASSIGN(const auto steps, known_integers(c, 4));
  const auto count = known_length(c, 1);
  const size_t rank = c.shape(0).rank();
  if (!count || (c.has_input(3) && !given_axes)) {
    set_unknown_extents(c, c.dtype(0), rank);
    return {};
  }
  const auto n = static_cast<size_t>(*count);
  OARLOCK_ASSIGN(const IntegerList axes, sliced_axes(given_axes ? &*given_axes : nullptr, n, rank));
  if (ends && ends->size() != n) return invalid(ends->size(), " ends for ", n, " starts");
  if (steps && steps->size() != n) return invalid(steps->size(), " steps for ", n, " starts");
  Shape out = c.shape(0);
  for (size_t i = 0; i < n; ++i) {
    int64_t& extent = out[static_cast<size_t>(axes[i])];
    if (steps) OARLOCK_TRY(check_step((*steps)[i]));
    const bool known = starts && ends && (steps || !c.has_input(4)) && extent != Shape::kUnknown;
    extent = known ? selected((*starts)[i], (*ends)[i], steps ? (*steps)[i] : 1, extent).count
                   : Shape::kUnknown;
  }
  c.set_output(0, c.dtype(0), std::move(out));
  return {};
}

Status run_slice(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const IntegerList starts, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const IntegerList ends, read_integers(c.input(2)));
  IntegerList given_axes, steps(starts.size(), 1);
  if (c.has_input(3)) {
    OARLOCK_ASSIGN(given_axes, read_integers(c.input(3)));
  }
  if (c.has_input(4)) {
    OARLOCK_ASSIGN(steps, read_integers(c.input(4)));
  }
  OARLOCK_ASSIGN(const IntegerList axes, sliced_axes(c.has_input(3) ? &given_axes : nullptr,
                                                     starts.size(), x.shape().rank()));
  if (ends.size() != starts.size() || steps.size() != starts.size()) {
    return invalid("starts, ends and steps differ in length");
  }
  Shape shape = x.shape(), strides = row_major_strides(x.shape());
  int64_t first = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    OARLOCK_TRY(check_step(steps[i]));
    const auto axis = static_cast<size_t>(axes[i]);
    const Range range = selected(starts[i], ends[i], steps[i], shape[axis]);
    shape[axis] = range.count;
    first += range.start * strides[axis];
    if (range.count > 1) strides[axis] *= range.step;
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for_each_run<1>(shape, {strides}, [&](const auto& at, int64_t count, const auto& step) {
      const auto* row = from + first + at[0];
      if (step[0] == 1) {
        to = std::copy_n(row, count, to);
      } else {
        for (int64_t i = 0; i < count; ++i) *to++ = row[i * step[0]];
      }
    });
  });
}

}  // namespace

std::span<const OpDef> slice_ops() {
  static const OpDef defs[] = {{.name = "Slice",
                                .since_version = 13,
                                .inputs = {3, 5},
                                .infer = infer_slice,
                                .reference = run_slice}};
  return defs;
}

}  // namespace oarlock::ops
