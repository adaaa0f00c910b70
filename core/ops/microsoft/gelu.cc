// Gelu, FastGelu, BiasGelu and QuickGelu of com.microsoft (1).
#include "core/ops/microsoft/inputs.h"

namespace oarlock::ops {

namespace {

Status check(InferContext& c) {
  OARLOCK_TRY(expect_float(c, 0, "X"));
  if (!c.has_input(1)) return {};
  OARLOCK_TRY(expect_same_dtype(c, 1, "bias", c.dtype(0)));
  OARLOCK_TRY(expect_rank(c, 1, "bias", 1));
  if (!broadcasts_to(c.shape(1), c.shape(0)))
    return invalid("input bias of shape ", c.shape(1), " does not broadcast to X of shape ",
                   c.shape(0));
  return {};
}

OpDef gelu(const char* name, Arity inputs, const char* approximate) {
  return function_op(
      {.domain = kMicrosoft, .name = name, .inputs = inputs}, check,
      [approximate](Decomposition& d) -> Result<bool> {
        ValueId x = d.input(0);
        if (d.has_input(1)) x = d.add("Add", {x, d.input(1)});
        d.replace(0, d.add("Gelu", {x}, {{"approximate", std::string(approximate)}}));
        return true;
      });
}

}  // namespace

std::span<const OpDef> gelu_ops() {
  static const std::vector<OpDef> defs = {
      gelu("BiasGelu", 2, "none"),
      gelu("FastGelu", {1, 2}, "tanh"),
      gelu("Gelu", 1, "none"),
      function_op(
          {.domain = kMicrosoft, .name = "QuickGelu", .attrs = {{"alpha", 1.702f}}, .inputs = 1},
          check,
          [](Decomposition& d) -> Result<bool> {
            d.replace(0, d.add("Swish", {d.input(0)}, {{"alpha", d.attrs().number("alpha")}}));
            return true;
          }),
  };
  return defs;
}

}  // namespace oarlock::ops
