// Selection by contents: ONNX NonZero (13), Compress (28).
#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

using Tested = Join<NumbersAndBool, Strings>;

Status infer_non_zero(InferContext& c) {
  OARLOCK_TRY(check_type<Tested>(c, 0));
  c.set_output(0, DType::int64, {static_cast<int64_t>(c.shape(0).rank()), Shape::kUnknown});
  return {};
}

template <class T>
bool is_set(const T& x) {
  if constexpr (std::is_same_v<T, std::string>) {
    return !x.empty();
  } else {
    return static_cast<Compute<T>>(x) != 0;
  }
}

// One column for each element that is not zero, holding its position.
Status run_non_zero(RunContext& c) {
  const Tensor& x = c.input(0);
  const Shape& shape = x.shape();
  Status status;
  OARLOCK_TRY(visit<Tested>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const std::span<const T> from = x.as<T>();
    const int64_t count = std::ranges::count_if(from, [](const T& e) { return is_set(e); });
    auto y = c.output(0, DType::int64, {static_cast<int64_t>(shape.rank()), count});
    status = y.status();
    if (!y.ok()) return;
    int64_t* to = (*y)->template mutable_as<int64_t>().data();
    for (int64_t i = 0; i < x.elements(); ++i) {
      if (!is_set(from[i])) continue;
      int64_t rest = i;
      for (size_t axis = shape.rank(); axis-- > 0; rest /= shape[axis]) {
        to[static_cast<int64_t>(axis) * count] = rest % shape[axis];
      }
      ++to;
    }
  }));
  return status;
}

Status infer_compress(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_type<Bools>(c, 1));
  OARLOCK_TRY(check_rank(c, 1, 1));
  if (!c.attrs().has("axis")) {
    c.set_output(0, c.dtype(0), {Shape::kUnknown});
    return {};
  }
  Shape shape = c.shape(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  shape[axis] = Shape::kUnknown;
  c.set_output(0, c.dtype(0), std::move(shape));
  return {};
}

// Without an axis the input counts as one row. The condition may be shorter than the axis.
Status run_compress(RunContext& c) {
  const Tensor &x = c.input(0), &condition = c.input(1);
  Shape shape{x.elements()};
  size_t axis = 0;
  if (c.attrs().has("axis")) {
    shape = x.shape();
    OARLOCK_ASSIGN(axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  }
  const int64_t extent = shape[axis];
  if (condition.elements() > extent) {
    return invalid("the condition has ", condition.elements(), " elements, the axis ", extent);
  }
  const std::span<const bool> chosen = condition.as<bool>();
  const int64_t outer = product(shape, 0, axis);
  const int64_t inner = product(shape, axis + 1, shape.rank());
  shape[axis] = std::ranges::count(chosen, true);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  if (y->elements() == 0) return {};
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for (int64_t o = 0; o < outer; ++o) {
      for (size_t k = 0; k < chosen.size(); ++k) {
        if (!chosen[k]) continue;
        to = std::copy_n(from + (o * extent + static_cast<int64_t>(k)) * inner, inner, to);
      }
    }
  });
}

}  // namespace

std::span<const OpDef> select_ops() {
  static const OpDef defs[] = {
      {.name = "NonZero",
       .since_version = 13,
       .inputs = 1,
       .infer = infer_non_zero,
       .reference = run_non_zero},
      {.name = "Compress",
       .since_version = 28,
       .attrs = {{"axis", AttrKind::integer}},
       .inputs = 2,
       .infer = infer_compress,
       .reference = run_compress},
  };
  return defs;
}

}  // namespace oarlock::ops
