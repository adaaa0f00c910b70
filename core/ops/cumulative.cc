// ONNX CumSum (14), CumProd (26).
#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

struct Plus {
  static constexpr int kNeutral = 0;
  template <class T>
  static T combine(T a, T b) {
    return a + b;
  }
};

struct Times {
  static constexpr int kNeutral = 1;
  template <class T>
  static T combine(T a, T b) {
    return a * b;
  }
};

Status infer_cumulative(InferContext& c) {
  OARLOCK_TRY(check_type<Numbers>(c, 0));
  OARLOCK_TRY(check_integers(c, 1));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  if (c.shape(1).elements().value_or(1) != 1) {
    return invalid("the axis has the shape ", c.shape(1), ", expected a scalar");
  }
  if (c.constant(1)) {
    OARLOCK_ASSIGN(const int64_t axis, read_integer(*c.constant(1)));
    OARLOCK_TRY(resolve_axis(axis, c.shape(0).rank()).status());
  }
  return same_type_as_input(c);
}

template <class Operation>
Status run_cumulative(RunContext& c) {
  const Tensor& x = c.input(0);
  const Shape& shape = x.shape();
  OARLOCK_ASSIGN(const int64_t given_axis, read_integer(c.input(1)));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(given_axis, shape.rank()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  if (y->elements() == 0) return {};
  const bool exclusive = c.attrs().integer("exclusive") != 0;
  const bool reverse = c.attrs().integer("reverse") != 0;
  const int64_t outer = product(shape, 0, axis), extent = shape[axis];
  const int64_t inner = product(shape, axis + 1, shape.rank());
  return visit<Numbers>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = std::conditional_t<std::is_integral_v<T>, uint64_t, Compute<T>>;
    const T* from = x.as<T>().data();
    T* to = y->template mutable_as<T>().data();
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        C running{Operation::kNeutral};
        for (int64_t k = 0; k < extent; ++k) {
          const int64_t at = (o * extent + (reverse ? extent - 1 - k : k)) * inner + i;
          const C next = Operation::combine(running, static_cast<C>(from[at]));
          to[at] = static_cast<T>(exclusive ? running : next);
          running = next;
        }
      }
    }
  });
}

template <class Operation>
OpDef cumulative(std::string name, int version) {
  OpDef def;
  def.name = std::move(name);
  def.since_version = version;
  def.attrs = {{"exclusive", 0}, {"reverse", 0}};
  def.inputs = 2;
  def.infer = infer_cumulative;
  def.reference = run_cumulative<Operation>;
  return def;
}

}  // namespace

std::span<const OpDef> cumulative_ops() {
  static const OpDef defs[] = {cumulative<Plus>("CumSum", 14), cumulative<Times>("CumProd", 26)};
  return defs;
}

}  // namespace oarlock::ops
