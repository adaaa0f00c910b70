// ONNX Pad (25).
#include "core/ops/support/arguments.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

enum class Mode { constant, reflect, edge, wrap };

Result<Mode> mode_of(const Attrs& attrs) {
  const std::string& name = attrs.string("mode");
  if (name == "constant") return Mode::constant;
  if (name == "reflect") return Mode::reflect;
  if (name == "edge") return Mode::edge;
  if (name == "wrap") return Mode::wrap;
  return invalid("mode is \"", name, "\", expected constant, reflect, edge or wrap");
}

// How many elements come before and after each axis; negative ones are cut off.
struct Padding {
  Shape before, after;
};

// `pads` holds all befores, then all afters, for the given axes or for all.
Result<Padding> padding_of(const IntegerList& pads, const IntegerList* axes, size_t rank) {
  const size_t count = axes ? axes->size() : rank;
  if (pads.size() != 2 * count) {
    return invalid("pads has ", pads.size(), " numbers, expected ", 2 * count);
  }
  Padding padding{Shape(rank), Shape(rank)};
  IntegerList resolved;
  if (axes) {
    OARLOCK_ASSIGN(resolved, resolve_axes(axes->dims(), rank));
  }
  for (size_t i = 0; i < count; ++i) {
    const size_t axis = axes ? static_cast<size_t>(resolved[i]) : i;
    padding.before[axis] = pads[i];
    padding.after[axis] = pads[i + count];
  }
  return padding;
}

Result<Shape> padded(const Shape& from, const Padding& padding, Mode mode) {
  Shape to = from;
  for (size_t i = 0; i < to.rank(); ++i) {
    if (from[i] == Shape::kUnknown) continue;
    if (__builtin_add_overflow(to[i], padding.before[i], &to[i]) ||
        __builtin_add_overflow(to[i], padding.after[i], &to[i]) || to[i] < 0) {
      return invalid("axis ", i, " of extent ", from[i], " cannot be padded by ", padding.before[i],
                     " and ", padding.after[i]);
    }
    if (from[i] == 0 && to[i] > 0 && mode != Mode::constant) {
      return invalid("axis ", i, " is empty and can only be padded with a constant");
    }
  }
  return to;
}

Status infer_pad(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_integers(c, 1, true));
  OARLOCK_TRY(check_rank(c, 1, 1));
  OARLOCK_ASSIGN(const Mode mode, mode_of(c.attrs()));
  if (c.has_input(2)) {
    OARLOCK_TRY(check_tensor(c, 2));
    if (c.dtype(2) != c.dtype(0) || c.shape(2).elements().value_or(1) != 1) {
      return invalid("the constant value is ", c.input(2), ", expected one ", c.dtype(0));
    }
  }
  if (c.has_input(3)) OARLOCK_TRY(check_integers(c, 3));
  OARLOCK_ASSIGN(const auto pads, known_integers(c, 1));
  OARLOCK_ASSIGN(const auto axes, known_integers(c, 3));
  if (!pads || (c.has_input(3) && !axes)) {
    set_unknown_extents(c, c.dtype(0), c.shape(0).rank());
    return {};
  }
  OARLOCK_ASSIGN(const Padding padding,
                 padding_of(*pads, axes ? &*axes : nullptr, c.shape(0).rank()));
  OARLOCK_ASSIGN(Shape shape, padded(c.shape(0), padding, mode));
  c.set_output(0, c.dtype(0), std::move(shape));
  return {};
}

// Where an element outside of 0..extent-1 is taken from; -1 for the constant.
int64_t source(int64_t at, int64_t extent, Mode mode) {
  if (at >= 0 && at < extent) return at;
  switch (mode) {
    case Mode::constant:
      return -1;
    case Mode::edge:
      return at < 0 ? 0 : extent - 1;
    case Mode::wrap:
      return (at % extent + extent) % extent;
    case Mode::reflect:
      break;
  }
  if (extent == 1) return 0;
  const int64_t period = 2 * (extent - 1);
  const int64_t phase = (at % period + period) % period;
  return phase < extent ? phase : period - phase;
}

template <class T>
void fill(const Tensor& x, const Shape& out, const Padding& padding, Mode mode, T value,
          const T* from, T* to) {
  const Shape strides = row_major_strides(x.shape());
  const size_t last = out.rank() - 1;
  Shape index(last);
  while (true) {
    int64_t row = 0;
    for (size_t axis = 0; axis < last && row >= 0; ++axis) {
      const int64_t at = source(index[axis] - padding.before[axis], x.shape()[axis], mode);
      row = at < 0 ? -1 : row + at * strides[axis];
    }
    for (int64_t i = 0; i < out[last]; ++i) {
      const int64_t at = row < 0 ? -1 : source(i - padding.before[last], x.shape()[last], mode);
      *to++ = at < 0 ? value : from[row + at];
    }
    size_t axis = last;
    while (axis > 0 && ++index[axis - 1] == out[axis - 1]) index[--axis] = 0;
    if (axis == 0) return;
  }
}

Status run_pad(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const Mode mode, mode_of(c.attrs()));
  OARLOCK_ASSIGN(const IntegerList pads, read_integers(c.input(1)));
  IntegerList axes;
  if (c.has_input(3)) {
    OARLOCK_ASSIGN(axes, read_integers(c.input(3)));
  }
  OARLOCK_ASSIGN(const Padding padding,
                 padding_of(pads, c.has_input(3) ? &axes : nullptr, x.shape().rank()));
  OARLOCK_ASSIGN(const Shape shape, padded(x.shape(), padding, mode));
  if (shape.empty()) return c.set_output(0, c.input_value(0));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  if (y->elements() == 0) return {};
  OARLOCK_ASSIGN(const Units value, Units::read(c.has_input(2) ? c.input(2) : Tensor()));
  return move_units(x, *y, [&](auto tag, const auto* from, auto* to) {
    using T = typename decltype(tag)::Type;
    fill<T>(x, shape, padding, mode, c.has_input(2) ? value.data<T>()[0] : T{}, from, to);
  });
}

}  // namespace

std::span<const OpDef> pad_ops() {
  static const OpDef defs[] = {{.name = "Pad",
                                .since_version = 25,
                                .attrs = {{"mode", "constant"}},
                                .inputs = {2, 4},
                                .infer = infer_pad,
                                .reference = run_pad}};
  return defs;
}

}  // namespace oarlock::ops
