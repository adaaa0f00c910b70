// ONNX Identity (25).
#include "oarlock/plugin/op.h"

namespace oarlock::ops {
namespace {

Status run_identity(RunContext& c) { return c.set_output(0, c.input_value(0)); }

}  // namespace

std::span<const OpDef> identity_ops() {
  static const OpDef defs[] = {
      {.name = "Identity",
       .since_version = 25,
       .inputs = 1,
       .infer = same_type_as_input,
       .reference = run_identity},
  };
  return defs;
}

}  // namespace oarlock::ops
