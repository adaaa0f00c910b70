// Operators that pass their input on: ONNX Identity (25), Dropout (22, inference only).
#include <algorithm>

#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Status run_identity(RunContext& c) { return c.set_output(0, c.input_value(0)); }

Status infer_dropout(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  if (c.has_input(1)) OARLOCK_TRY(check_tensor(c, 1));
  if (c.has_input(2)) OARLOCK_TRY(check_type<Bools>(c, 2));
  OARLOCK_TRY(same_type_as_input(c));
  c.set_output(1, DType::boolean, c.shape(0));
  return {};
}

// In training mode elements are dropped at random, which inference does not offer.
Status run_dropout(RunContext& c) {
  const bool training = c.has_input(2) && c.input(2).elements() == 1 && c.input(2).as<bool>()[0];
  const bool drops =
      !c.has_input(1) || !(c.input(1).dtype() == DType::float32 && c.input(1).elements() == 1 &&
                           c.input(1).as<float>()[0] == 0);
  if (training && drops) {
    return unsupported("training mode with a ratio other than 0; set training_mode to false");
  }
  OARLOCK_TRY(c.set_output(0, c.input_value(0)));
  if (c.has_output(1)) {
    OARLOCK_ASSIGN(Tensor* const mask, c.output(1, DType::boolean, c.input(0).shape()));
    std::ranges::fill(mask->mutable_as<bool>(), true);
  }
  return {};
}

}  // namespace

std::span<const OpDef> identity_ops() {
  static const OpDef defs[] = {
      {.name = "Identity",
       .since_version = 25,
       .inputs = 1,
       .infer = same_type_as_input,
       .reference = run_identity},
      {.name = "Dropout",
       .since_version = 22,
       .attrs = {{"seed", AttrKind::integer}},
       .inputs = {1, 3},
       .outputs = {1, 2},
       .infer = infer_dropout,
       .reference = run_dropout},
  };
  return defs;
}

}  // namespace oarlock::ops
