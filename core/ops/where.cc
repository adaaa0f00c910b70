// ONNX Where (16).
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

Result<Shape> broadcast_three(const Shape& a, const Shape& b, const Shape& c) {
  const auto ab = broadcast(a, b);
  const auto all = ab ? broadcast(*ab, c) : std::nullopt;
  if (!all) return invalid("shapes ", a, ", ", b, " and ", c, " do not broadcast");
  return *all;
}

Status infer_where(InferContext& c) {
  OARLOCK_TRY(check_type<Bools>(c, 0));
  OARLOCK_TRY(check_tensor(c, 1));
  OARLOCK_TRY(check_tensor(c, 2));
  if (c.dtype(1) != c.dtype(2)) {
    return invalid("input 2 is ", c.dtype(2), ", expected ", c.dtype(1), " like input 1");
  }
  OARLOCK_ASSIGN(Shape shape, broadcast_three(c.shape(0), c.shape(1), c.shape(2)));
  c.set_output(0, c.dtype(1), std::move(shape));
  return {};
}

Status run_where(RunContext& c) {
  const Tensor &condition = c.input(0), &x = c.input(1), &y = c.input(2);
  OARLOCK_ASSIGN(const Shape shape, broadcast_three(condition.shape(), x.shape(), y.shape()));
  OARLOCK_ASSIGN(Tensor* const z, c.output(0, x.dtype(), shape));
  OARLOCK_ASSIGN(const Units xs, Units::read(x));
  OARLOCK_ASSIGN(const Units ys, Units::read(y));
  OARLOCK_ASSIGN(Units zs, Units::write(*z));
  const bool* chosen = condition.as<bool>().data();
  OARLOCK_TRY(visit_units(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T *from_x = xs.data<T>(), *from_y = ys.data<T>();
    T* to = zs.template data<T>();
    for_each_broadcast<3>(
        shape, {&condition.shape(), &x.shape(), &y.shape()},
        [&](int64_t i, const auto& at) { to[i] = chosen[at[0]] ? from_x[at[1]] : from_y[at[2]]; });
  }));
  zs.finish();
  return {};
}

}  // namespace

std::span<const OpDef> where_ops() {
  static const OpDef defs[] = {{.name = "Where",
                                .since_version = 16,
                                .inputs = 3,
                                .infer = infer_where,
                                .reference = run_where}};
  return defs;
}

}  // namespace oarlock::ops
