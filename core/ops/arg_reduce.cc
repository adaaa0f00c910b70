// ONNX ArgMax, ArgMin (13).
#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Result<Shape> without_axis(const Attrs& attrs, const Shape& from, size_t& axis) {
  OARLOCK_ASSIGN(axis, resolve_axis(attrs.integer("axis"), from.rank()));
  if (from[axis] == 0) return invalid("axis ", axis, " of the shape ", from, " is empty");
  Shape to = from;
  if (attrs.integer("keepdims") != 0) {
    to[axis] = 1;
  } else {
    to.erase(axis);
  }
  return to;
}

Status infer_arg_reduce(InferContext& c) {
  OARLOCK_TRY(check_type<Numbers>(c, 0));
  size_t axis = 0;
  OARLOCK_ASSIGN(Shape shape, without_axis(c.attrs(), c.shape(0), axis));
  c.set_output(0, DType::int64, std::move(shape));
  return {};
}

// NaN counts as the extreme.
template <bool kGreatest, class T>
bool beats(T x, T best) {
  if (best != best) return false;
  return x != x || (kGreatest ? x > best : x < best);
}

template <bool kGreatest>
Status run_arg_reduce(RunContext& c) {
  const Tensor& x = c.input(0);
  const bool last = c.attrs().integer("select_last_index") != 0;
  size_t axis = 0;
  OARLOCK_ASSIGN(const Shape shape, without_axis(c.attrs(), x.shape(), axis));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::int64, shape));
  if (y->elements() == 0) return {};
  const int64_t outer = product(x.shape(), 0, axis);
  const int64_t inner = product(x.shape(), axis + 1, x.shape().rank());
  const int64_t extent = x.shape()[axis];
  int64_t* to = y->mutable_as<int64_t>().data();
  return visit<Numbers>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T* from = x.as<T>().data();
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        const T* first = from + o * extent * inner + i;
        int64_t best = 0;
        for (int64_t k = 1; k < extent; ++k) {
          const auto candidate = static_cast<Compute<T>>(first[k * inner]);
          const auto current = static_cast<Compute<T>>(first[best * inner]);
          if (beats<kGreatest>(candidate, current) || (last && candidate == current)) best = k;
        }
        *to++ = best;
      }
    }
  });
}

template <bool kGreatest>
OpDef arg_reduction(std::string name) {
  OpDef def;
  def.name = std::move(name);
  def.since_version = 13;
  def.attrs = {{"axis", 0}, {"keepdims", 1}, {"select_last_index", 0}};
  def.inputs = 1;
  def.infer = infer_arg_reduce;
  def.reference = run_arg_reduce<kGreatest>;
  return def;
}

}  // namespace

std::span<const OpDef> arg_reduce_ops() {
  static const OpDef defs[] = {arg_reduction<true>("ArgMax"), arg_reduction<false>("ArgMin")};
  return defs;
}

}  // namespace oarlock::ops
