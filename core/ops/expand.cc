// Repetition of elements: ONNX Expand, Tile (13).
#include "core/ops/support/arguments.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

Result<Shape> expanded(const Shape& from, const IntegerList& wanted) {
  for (const int64_t extent : wanted) {
    if (extent < 0) return invalid("the wanted shape ", wanted, " has a negative extent");
  }
  const auto to = broadcast(from, wanted);
  if (!to) return invalid("the shape ", from, " does not broadcast with the wanted ", wanted);
  return *to;
}

Status infer_expand(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_ASSIGN(const auto wanted, known_integers(c, 1));
  if (wanted) {
    OARLOCK_ASSIGN(Shape to, expanded(c.shape(0), *wanted));
    c.set_output(0, c.dtype(0), std::move(to));
  } else if (const auto rank = known_length(c, 1)) {
    set_unknown_extents(c, c.dtype(0), std::max(c.shape(0).rank(), static_cast<size_t>(*rank)));
  } else {
    set_unknown_rank(c, c.dtype(0));
  }
  return {};
}

Status run_expand(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const IntegerList wanted, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape shape, expanded(x.shape(), wanted));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for_each_broadcast<1>(shape, {&x.shape()},
                          [&](int64_t i, const auto& at) { to[i] = from[at[0]]; });
  });
}

Result<Shape> tiled(const Shape& from, const IntegerList& repeats) {
  if (repeats.size() != from.rank()) {
    return invalid("repeats has ", repeats.size(), " numbers for a tensor of rank ", from.rank());
  }
  Shape to = from;
  for (size_t i = 0; i < to.rank(); ++i) {
    if (repeats[i] < 0) return invalid("repeats ", repeats, " has a negative number");
    if (repeats[i] == 0) {
      to[i] = 0;
    } else if (to[i] != Shape::kUnknown && __builtin_mul_overflow(to[i], repeats[i], &to[i])) {
      return out_of_memory("the shape ", from, " repeated ", repeats, " times is too large");
    }
  }
  return to;
}

Status infer_tile(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_rank(c, 1, 1));
  OARLOCK_ASSIGN(const auto repeats, known_integers(c, 1));
  if (!repeats) {
    set_unknown_extents(c, c.dtype(0), c.shape(0).rank());
    return {};
  }
  OARLOCK_ASSIGN(Shape to, tiled(c.shape(0), *repeats));
  c.set_output(0, c.dtype(0), std::move(to));
  return {};
}

// Walks over pairs of axes: how often, and which element.
Status run_tile(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const IntegerList repeats, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape shape, tiled(x.shape(), repeats));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  const Shape strides = row_major_strides(x.shape());
  Shape paired(2 * shape.rank()), steps(2 * shape.rank());
  for (size_t i = 0; i < shape.rank(); ++i) {
    paired[2 * i] = repeats[i];
    paired[2 * i + 1] = x.shape()[i];
    steps[2 * i + 1] = strides[i];
  }
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for_each_run<1>(paired, {steps}, [&](const auto& at, int64_t count, const auto& step) {
      for (int64_t i = 0; i < count; ++i) *to++ = from[at[0] + i * step[0]];
    });
  });
}

}  // namespace

std::span<const OpDef> expand_ops() {
  static const OpDef defs[] = {
      {.name = "Expand",
       .since_version = 13,
       .inputs = 2,
       .infer = infer_expand,
       .reference = run_expand},
      {.name = "Tile",
       .since_version = 13,
       .inputs = 2,
       .infer = infer_tile,
       .reference = run_tile},
  };
  return defs;
}

}  // namespace oarlock::ops
