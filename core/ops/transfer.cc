// Operators that planning inserts: data moves between devices and layouts. Logically the identity.
#include <cstring>

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

namespace {

Status copy_reference(RunContext& c) {
  if (!c.input_value(0).is_tensor()) return c.set_output(0, c.input_value(0));
  const Tensor& from = c.input(0);
  if (from.dtype() == DType::string) return c.set_output(0, from);
  OARLOCK_ASSIGN(Tensor * to, c.output(0, from.dtype(), from.shape()));
  if (from.bytes() > 0) std::memcpy(to->mutable_data(), from.data(), from.bytes());
  return {};
}

}  // namespace

std::span<const OpDef> transfer_ops() {
  static const OpDef ops[] = {
      {.domain = std::string(kOarlockDomain),
       .name = "Copy",
       .inputs = 1,
       .infer = same_type_as_input,
       .reference = copy_reference},
      {.domain = std::string(kOarlockDomain),
       .name = "Relayout",
       .inputs = 1,
       .infer = same_type_as_input,
       .reference = copy_reference},
  };
  return ops;
}

}  // namespace oarlock::ops
