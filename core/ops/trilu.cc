// ONNX Trilu (14).
#include "core/ops/support/arguments.h"
#include "core/ops/support/types.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {
namespace {

Status infer_trilu(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_min_rank(c, 0, 2));
  if (c.has_input(1)) OARLOCK_TRY(check_integers(c, 1, true));
  return same_type_as_input(c);
}

Status run_trilu(RunContext& c) {
  const Tensor& x = c.input(0);
  const Shape& shape = x.shape();
  int64_t k = 0;
  if (c.has_input(1)) {
    OARLOCK_ASSIGN(k, read_integer(c.input(1)));
  }
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, x.dtype(), shape));
  if (x.elements() == 0) return {};
  const bool upper = c.attrs().integer("upper") != 0;
  const int64_t rows = shape[shape.rank() - 2], columns = shape.back();
  return move_units(x, *y, [&](auto tag, const auto* from, auto* to) {
    using T = typename decltype(tag)::Type;
    for (int64_t i = 0; i < x.elements(); ++i) {
      const int64_t row = i / columns % rows, column = i % columns;
      const bool kept = upper ? column - row >= k : column - row <= k;
      to[i] = kept ? from[i] : T{};
    }
  });
}

}  // namespace

std::span<const OpDef> trilu_ops() {
  static const OpDef defs[] = {{.name = "Trilu",
                                .since_version = 14,
                                .attrs = {{"upper", 1}},
                                .inputs = {1, 2},
                                .infer = infer_trilu,
                                .reference = run_trilu}};
  return defs;
}

}  // namespace oarlock::ops
