// ONNX Clip (13).
#include <limits>

#include "core/ops/support/elementwise.h"

namespace oarlock::ops {
namespace {

Status infer_clip(InferContext& c) {
  OARLOCK_TRY(check_type<Numbers>(c, 0));
  OARLOCK_TRY(check_same_types(c));
  for (size_t i = 1; i < c.input_count(); ++i) {
    if (c.has_input(i) && c.shape(i).elements().value_or(1) != 1) {
      return invalid(i == 1 ? "min" : "max", " has the shape ", c.shape(i), ", expected a scalar");
    }
  }
  return same_type_as_input(c);
}

Status run_clip(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), x.shape()));
  return visit<Numbers>(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    using C = Compute<T>;
    using Limits = std::numeric_limits<C>;
    C low = std::is_integral_v<C> ? Limits::lowest() : -Limits::infinity();
    C high = std::is_integral_v<C> ? Limits::max() : Limits::infinity();
    if (c.has_input(1)) low = static_cast<C>(c.input(1).as<T>()[0]);
    if (c.has_input(2)) high = static_cast<C>(c.input(2).as<T>()[0]);
    const T* from = x.as<T>().data();
    T* to = y->template mutable_as<T>().data();
    for (int64_t i = 0; i < x.elements(); ++i) {
      const auto value = static_cast<C>(from[i]);
      const C raised = value < low ? low : value;
      to[i] = static_cast<T>(raised > high ? high : raised);
    }
  });
}

}  // namespace

std::span<const OpDef> clip_ops() {
  static const OpDef defs[] = {{.name = "Clip",
                                .since_version = 13,
                                .inputs = {1, 3},
                                .infer = infer_clip,
                                .reference = run_clip,
                                .flops = flops_per_output}};
  return defs;
}

}  // namespace oarlock::ops
