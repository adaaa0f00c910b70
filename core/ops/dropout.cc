// ONNX Dropout (22). In training mode element i stays with probability 1 - ratio, decided by number
// i of the node's random stream (see support/philox.h), and is divided by it.
#include <algorithm>

#include "core/ops/support/elements.h"
#include "core/ops/support/philox.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Status check_ratio(double ratio) {
  if (ratio >= 0 && ratio < 1) return {};
  return invalid("the ratio (input 1) is ", ratio, ", expected 0 or more and less than 1");
}

Status infer(InferContext& c) {
  OARLOCK_TRY(check_type<Floats>(c, 0));
  if (c.has_input(1)) OARLOCK_TRY(check_type<Floats>(c, 1));
  if (c.has_input(2)) OARLOCK_TRY(check_type<Bools>(c, 2));
  for (const size_t i : {1, 2}) {
    if (!c.has_input(i)) continue;
    if (const auto elements = c.shape(i).elements(); elements && *elements != 1)
      return invalid("input ", i, " has the shape ", c.shape(i), ", expected a scalar");
  }
  OARLOCK_TRY(same_type_as_input(c));
  c.set_output(1, DType::boolean, c.shape(0));
  return {};
}

Status run(RunContext& c) {
  const Tensor& x = c.input(0);
  const bool training = c.has_input(2) && c.input(2).as<bool>()[0];
  const double ratio = !training ? 0 : c.has_input(1) ? element(c.input(1), 0) : 0.5;
  OARLOCK_TRY(check_ratio(ratio));
  if (ratio == 0) {
    OARLOCK_TRY(c.set_output(0, c.input_value(0)));
    if (!c.has_output(1)) return {};
    OARLOCK_ASSIGN(Tensor* const mask, c.output(1, DType::boolean, x.shape()));
    std::ranges::fill(mask->mutable_as<bool>(), true);
    return {};
  }
  OARLOCK_ASSIGN(Tensor* const mask, c.output(1, DType::boolean, x.shape()));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, x.dtype(), x.shape()));
  const std::span<bool> stays = mask->mutable_as<bool>();
  const Philox random = random_stream(c.attrs());
  const Elements<double> from(x);
  Results<double> to(*output);
  for (int64_t i = 0; i < x.elements(); ++i) {
    stays[i] = random.uniform(static_cast<uint64_t>(i)) >= ratio;
    to[i] = stays[i] ? from[i] / (1 - ratio) : 0;
  }
  to.store();
  return {};
}

}  // namespace

std::span<const OpDef> dropout_ops() {
  static const OpDef defs[] = {{.name = "Dropout",
                                .since_version = 22,
                                .attrs = {{"seed", AttrKind::integer}},
                                .inputs = {1, 3},
                                .outputs = {1, 2},
                                .infer = infer,
                                .reference = run,
                                .pure = false}};
  return defs;
}

}  // namespace oarlock::ops
