// ONNX Optional, OptionalGetElement, OptionalHasElement (28). At run time an optional is its
// element, or an empty value.
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Status infer_optional(InferContext& c) {
  if (c.has_input(0)) {
    c.set_output(0, TypeInfo::optional_of(c.input(0)));
    return {};
  }
  const AttrValue* type = c.attrs().find("type");
  if (type == nullptr || !std::holds_alternative<TypeInfo>(*type)) {
    return invalid("an empty optional needs the attribute 'type'");
  }
  c.set_output(0, TypeInfo::optional_of(std::get<TypeInfo>(*type)));
  return {};
}

Status run_optional(RunContext& c) {
  return c.set_output(0, c.has_input(0) ? c.input_value(0) : Value());
}

Status infer_get_element(InferContext& c) {
  const TypeInfo& type = c.input(0);
  const bool unwraps = type.kind == TypeInfo::Kind::optional && type.element;
  c.set_output(0, unwraps ? *type.element : type);
  return {};
}

Status run_get_element(RunContext& c) {
  if (c.input_value(0).empty()) return invalid("the optional is empty");
  return c.set_output(0, c.input_value(0));
}

Status infer_has_element(InferContext& c) {
  c.set_output(0, DType::boolean, {});
  return {};
}

Status run_has_element(RunContext& c) {
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::boolean, {}));
  y->mutable_as<bool>()[0] = c.has_input(0) && !c.input_value(0).empty();
  return {};
}

}  // namespace

std::span<const OpDef> optional_ops() {
  static const OpDef defs[] = {
      {.name = "Optional",
       .since_version = 28,
       .attrs = {{"type", AttrKind::type}},
       .inputs = {0, 1},
       .infer = infer_optional,
       .reference = run_optional},
      {.name = "OptionalGetElement",
       .since_version = 28,
       .inputs = 1,
       .infer = infer_get_element,
       .reference = run_get_element},
      {.name = "OptionalHasElement",
       .since_version = 28,
       .inputs = {0, 1},
       .infer = infer_has_element,
       .reference = run_has_element},
  };
  return defs;
}

}  // namespace oarlock::ops
