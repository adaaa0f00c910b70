// ONNX OneHot (28).
#include <algorithm>
#include <cmath>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

// Element i of a tensor of numbers, truncated to an integer; INT64_MIN for what is none.
int64_t whole_number(const Tensor& tensor, int64_t i) {
  int64_t out = INT64_MIN;
  Numbers::visit(tensor.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const auto value = static_cast<Compute<T>>(tensor.as<T>()[static_cast<size_t>(i)]);
    if constexpr (std::is_integral_v<T>) {
      out = static_cast<int64_t>(value);
    } else if (std::fabs(value) < 0x1p62) {
      out = static_cast<int64_t>(value);
    }
  });
  return out;
}

Result<int64_t> depth_of(const Tensor& tensor) {
  if (tensor.elements() != 1) return invalid("depth is ", tensor, ", expected one number");
  const int64_t depth = whole_number(tensor, 0);
  if (depth < 0) return invalid("depth is negative");
  return depth;
}

Status infer_one_hot(InferContext& c) {
  OARLOCK_TRY(check_type<Numbers>(c, 0));
  OARLOCK_TRY(check_type<Numbers>(c, 1));
  OARLOCK_TRY(check_tensor(c, 2));
  if (c.shape(2).elements().value_or(2) != 2) {
    return invalid("values have the shape ", c.shape(2), ", expected [2]: off and on");
  }
  Shape shape = c.shape(0);
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank() + 1));
  int64_t depth = Shape::kUnknown;
  if (c.constant(1)) {
    OARLOCK_ASSIGN(depth, depth_of(*c.constant(1)));
  }
  shape.insert(axis, depth);
  c.set_output(0, c.dtype(2), std::move(shape));
  return {};
}

Status run_one_hot(RunContext& c) {
  const Tensor &indices = c.input(0), &values = c.input(2);
  OARLOCK_ASSIGN(const int64_t depth, depth_of(c.input(1)));
  if (values.elements() != 2) return invalid("values are ", values, ", expected two: off and on");
  Shape shape = indices.shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank() + 1));
  const int64_t inner = product(shape, axis, shape.rank());
  shape.insert(axis, depth);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, values.dtype(), shape));
  return move_units(values, *y, [&](auto, const auto* from, auto* to) {
    std::fill_n(to, y->elements(), from[0]);
    for (int64_t i = 0; i < indices.elements(); ++i) {
      int64_t index = whole_number(indices, i);
      if (index < 0) index += depth;
      if (index < 0 || index >= depth) continue;
      to[(i / inner * depth + index) * inner + i % inner] = from[1];
    }
  });
}

}  // namespace

std::span<const OpDef> one_hot_ops() {
  static const OpDef defs[] = {{.name = "OneHot",
                                .since_version = 28,
                                .attrs = {{"axis", -1}},
                                .inputs = 3,
                                .infer = infer_one_hot,
                                .reference = run_one_hot}};
  return defs;
}

}  // namespace oarlock::ops
