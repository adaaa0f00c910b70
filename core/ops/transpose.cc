// ONNX Transpose (25).
#include "core/ops/support/arguments.h"
#include "core/ops/support/strided_loop.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

// The order of axes; reversed when the attribute is absent.
Result<IntegerList> permutation(const Attrs& attrs, size_t rank) {
  const std::vector<int64_t>& perm = attrs.integers("perm");
  if (perm.empty()) {
    IntegerList order(rank);
    for (size_t i = 0; i < rank; ++i) order[i] = static_cast<int64_t>(rank - 1 - i);
    return order;
  }
  if (perm.size() != rank) {
    return invalid("perm ", Shape(perm), " has ", perm.size(), " axes, the input has ", rank);
  }
  return resolve_axes(perm, rank);
}

Shape permuted(const Shape& shape, const IntegerList& order) {
  Shape out(order.size());
  for (size_t i = 0; i < order.size(); ++i) out[i] = shape[static_cast<size_t>(order[i])];
  return out;
}

Status infer_transpose(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_ASSIGN(const IntegerList order, permutation(c.attrs(), c.shape(0).rank()));
  c.set_output(0, c.dtype(0), permuted(c.shape(0), order));
  return {};
}

Status run_transpose(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(const IntegerList order, permutation(c.attrs(), x.shape().rank()));
  const Shape shape = permuted(x.shape(), order);
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  const Shape strides = permuted(row_major_strides(x.shape()), order);
  return move_units(x, *y, [&](auto, const auto* from, auto* to) {
    for_each_run<1>(shape, {strides}, [&](const auto& at, int64_t count, const auto& step) {
      for (int64_t i = 0; i < count; ++i) *to++ = from[at[0] + i * step[0]];
    });
  });
}

}  // namespace

std::span<const OpDef> transpose_ops() {
  static const OpDef defs[] = {{.name = "Transpose",
                                .since_version = 25,
                                .attrs = {{"perm", AttrKind::integers}},
                                .inputs = 1,
                                .infer = infer_transpose,
                                .reference = run_transpose}};
  return defs;
}

}  // namespace oarlock::ops
