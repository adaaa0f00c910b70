// ONNX Concat (13).
#include "core/ops/support/concat.h"

#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Status infer_concat(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_same_types(c));
  OARLOCK_TRY(check_min_rank(c, 0, 1));
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), c.shape(0).rank()));
  Shape out = c.shape(0);
  for (size_t i = 1; i < c.input_count(); ++i) {
    OARLOCK_TRY(append_along(out, c.shape(i), axis, i));
  }
  c.set_output(0, c.dtype(0), std::move(out));
  return {};
}

Status run_concat(RunContext& c) {
  Shape shape = c.input(0).shape();
  OARLOCK_ASSIGN(const size_t axis, resolve_axis(c.attrs().integer("axis"), shape.rank()));
  for (size_t i = 1; i < c.input_count(); ++i) {
    OARLOCK_TRY(append_along(shape, c.input(i).shape(), axis, i));
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, c.input(0).dtype(), shape));
  return concatenate(
      c.input_count(), [&](size_t i) -> const Tensor& { return c.input(i); }, axis, *y);
}

}  // namespace

std::span<const OpDef> concat_ops() {
  static const OpDef defs[] = {{.name = "Concat",
                                .since_version = 13,
                                .attrs = {AttrDef::must("axis", AttrKind::integer)},
                                .inputs = {1, Arity::kMany},
                                .infer = infer_concat,
                                .reference = run_concat}};
  return defs;
}

}  // namespace oarlock::ops
