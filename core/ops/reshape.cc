// The same elements under another shape: ONNX Reshape, Flatten, Squeeze, Unsqueeze (25).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

constexpr int64_t kUnknown = Shape::kUnknown;

// The shape that Reshape gives: 0 copies an extent (unless `allow_zero`), one -1 takes the rest.
Result<Shape> reshaped(const Shape& from, const IntegerList& wanted, bool allow_zero) {
  Shape to = wanted;
  size_t rest = to.rank();
  for (size_t i = 0; i < to.rank(); ++i) {
    if (to[i] == -1) {
      if (rest != to.rank()) return invalid("the new shape ", wanted, " has more than one -1");
      rest = i;
      to[i] = 1;
    } else if (to[i] == 0 && !allow_zero) {
      if (i >= from.rank()) {
        return invalid("the new shape ", wanted, " copies extent ", i, " of the shape ", from);
      }
      to[i] = from[i];
    } else if (to[i] < 0) {
      return invalid("the new shape has the negative extent ", to[i]);
    }
  }
  const auto have = from.elements();
  const auto need = to.elements();
  const bool has_rest = rest != to.rank();
  if (has_rest) to[rest] = kUnknown;
  if (!have || !need) {
    // A rest of axes that are all copied in place is known even if the copied extents are not.
    if (has_rest && from.rank() == to.rank()) {
      bool copied = true;
      for (size_t i = 0; i < to.rank(); ++i) copied = copied && (i == rest || wanted[i] == 0);
      if (copied && !allow_zero) to[rest] = from[rest];
    }
    return to;
  }
  if (has_rest) {
    if (*need == 0 ? *have != 0 : *have % *need != 0) {
      return invalid("cannot reshape ", from, " to ", to, ": ", *have,
                     " elements do not divide by ", *need);
    }
    to[rest] = *need == 0 ? 0 : *have / *need;
  } else if (*have != *need) {
    return invalid("cannot reshape ", from, " to ", to, ": ", *have, " elements against ", *need);
  }
  return to;
}

Status infer_reshape(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_rank(c, 1, 1));
  OARLOCK_ASSIGN(const auto wanted, known_integers(c, 1));
  if (wanted) {
    OARLOCK_ASSIGN(Shape to, reshaped(c.shape(0), *wanted, c.attrs().integer("allowzero") != 0));
    c.set_output(0, c.dtype(0), std::move(to));
  } else if (const auto rank = known_length(c, 1)) {
    set_unknown_extents(c, c.dtype(0), static_cast<size_t>(*rank));
  } else {
    set_unknown_rank(c, c.dtype(0));
  }
  return {};
}

Status run_reshape(RunContext& c) {
  OARLOCK_ASSIGN(const IntegerList wanted, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape to,
                 reshaped(c.input(0).shape(), wanted, c.attrs().integer("allowzero") != 0));
  OARLOCK_ASSIGN(Tensor y, c.input(0).reshaped(to));
  return c.set_output(0, std::move(y));
}

// Two dimensions: those before the axis, and the rest.
Result<Shape> flattened(const Shape& from, int64_t axis) {
  const auto rank = static_cast<int64_t>(from.rank());
  if (axis < -rank || axis > rank) {
    return invalid("axis ", axis, " is out of range for a tensor of rank ", rank,
                   " (allowed: ", -rank, " to ", rank, ")");
  }
  const auto split = static_cast<size_t>(axis < 0 ? axis + rank : axis);
  return Shape{known_product(from, 0, split), known_product(from, split, from.rank())};
}

Status infer_flatten(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_ASSIGN(Shape to, flattened(c.shape(0), c.attrs().integer("axis")));
  c.set_output(0, c.dtype(0), std::move(to));
  return {};
}

Status run_flatten(RunContext& c) {
  OARLOCK_ASSIGN(const Shape to, flattened(c.input(0).shape(), c.attrs().integer("axis")));
  OARLOCK_ASSIGN(Tensor y, c.input(0).reshaped(to));
  return c.set_output(0, std::move(y));
}

// Without the given axes; `axes` is null to drop every extent of 1.
Result<Shape> squeezed(const Shape& from, const IntegerList* axes) {
  Shape to;
  if (axes == nullptr) {
    for (const int64_t extent : from) {
      if (extent != 1) to.push_back(extent);
    }
    return to;
  }
  OARLOCK_ASSIGN(const IntegerList drop, resolve_axes(axes->dims(), from.rank()));
  for (size_t i = 0; i < from.rank(); ++i) {
    if (std::find(drop.begin(), drop.end(), static_cast<int64_t>(i)) == drop.end()) {
      to.push_back(from[i]);
    } else if (from[i] != 1 && from[i] != kUnknown) {
      return invalid("cannot squeeze axis ", i, " of the shape ", from,
                     ": only an extent of 1 can be removed");
    }
  }
  return to;
}

Status infer_squeeze(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  if (!c.has_input(1)) {
    if (!c.shape(0).is_concrete()) {
      set_unknown_rank(c, c.dtype(0));
      return {};
    }
    OARLOCK_ASSIGN(Shape to, squeezed(c.shape(0), nullptr));
    c.set_output(0, c.dtype(0), std::move(to));
    return {};
  }
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_ASSIGN(const auto axes, known_integers(c, 1));
  const auto count = known_length(c, 1);
  if (axes) {
    OARLOCK_ASSIGN(Shape to, squeezed(c.shape(0), &*axes));
    c.set_output(0, c.dtype(0), std::move(to));
  } else if (count && *count <= static_cast<int64_t>(c.shape(0).rank())) {
    set_unknown_extents(c, c.dtype(0), c.shape(0).rank() - static_cast<size_t>(*count));
  } else {
    set_unknown_rank(c, c.dtype(0));
  }
  return {};
}

Status run_squeeze(RunContext& c) {
  IntegerList axes;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(axes, read_integers(c.input(1)));
  }
  OARLOCK_ASSIGN(const Shape to, squeezed(c.input(0).shape(), c.has_input(1) ? &axes : nullptr));
  OARLOCK_ASSIGN(Tensor y, c.input(0).reshaped(to));
  return c.set_output(0, std::move(y));
}

// With extents of 1 at the given axes of the result.
Result<Shape> unsqueezed(const Shape& from, const IntegerList& axes) {
  const size_t rank = from.rank() + axes.size();
  OARLOCK_ASSIGN(const IntegerList added, resolve_axes(axes.dims(), rank));
  Shape to(rank, 0);
  for (const int64_t axis : added) to[static_cast<size_t>(axis)] = 1;
  size_t next = 0;
  for (size_t i = 0; i < rank; ++i) {
    if (to[i] == 0) to[i] = from[next++];
  }
  return to;
}

Status infer_unsqueeze(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_ASSIGN(const auto axes, known_integers(c, 1));
  if (axes) {
    OARLOCK_ASSIGN(Shape to, unsqueezed(c.shape(0), *axes));
    c.set_output(0, c.dtype(0), std::move(to));
  } else if (const auto count = known_length(c, 1)) {
    set_unknown_extents(c, c.dtype(0), c.shape(0).rank() + static_cast<size_t>(*count));
  } else {
    set_unknown_rank(c, c.dtype(0));
  }
  return {};
}

Status run_unsqueeze(RunContext& c) {
  OARLOCK_ASSIGN(const IntegerList axes, read_integers(c.input(1)));
  OARLOCK_ASSIGN(const Shape to, unsqueezed(c.input(0).shape(), axes));
  OARLOCK_ASSIGN(Tensor y, c.input(0).reshaped(to));
  return c.set_output(0, std::move(y));
}

}  // namespace

std::span<const OpDef> reshape_ops() {
  static const OpDef defs[] = {
      {.name = "Reshape",
       .since_version = 25,
       .attrs = {{"allowzero", 0}},
       .inputs = 2,
       .infer = infer_reshape,
       .reference = run_reshape},
      {.name = "Flatten",
       .since_version = 25,
       .attrs = {{"axis", 1}},
       .inputs = 1,
       .infer = infer_flatten,
       .reference = run_flatten},
      {.name = "Squeeze",
       .since_version = 25,
       .inputs = {1, 2},
       .infer = infer_squeeze,
       .reference = run_squeeze},
      {.name = "Unsqueeze",
       .since_version = 25,
       .inputs = 2,
       .infer = infer_unsqueeze,
       .reference = run_unsqueeze},
  };
  return defs;
}

}  // namespace oarlock::ops
