// ONNX Cast (28), CastLike (25).
#include "core/ops/support/convert.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

Result<DType> dtype_attribute(const Attrs& attrs) {
  const int64_t number = attrs.integer("to");
  if (number <= 0 || number >= kDTypeCount) {
    return invalid("attribute 'to' is ", number, ", which is no element type");
  }
  return static_cast<DType>(number);
}

Result<ConversionOptions> options_of(const Attrs& attrs) {
  ConversionOptions options;
  options.saturate = attrs.integer("saturate") != 0;
  const std::string& rounding = attrs.string("round_mode");
  if (rounding == "up") {
    options.scale_rounding = ScaleRounding::up;
  } else if (rounding == "down") {
    options.scale_rounding = ScaleRounding::down;
  } else if (rounding == "nearest") {
    options.scale_rounding = ScaleRounding::nearest;
  } else {
    return invalid("round_mode is \"", rounding, "\", expected up, down or nearest");
  }
  return options;
}

Status infer_to(InferContext& c, DType to) {
  OARLOCK_TRY(options_of(c.attrs()).status());
  if (!is_convertible(c.dtype(0), to)) {
    return unsupported("conversion from ", c.dtype(0), " to ", to);
  }
  c.set_output(0, to, c.shape(0));
  return {};
}

Status run_to(RunContext& c, DType to) {
  OARLOCK_ASSIGN(const ConversionOptions options, options_of(c.attrs()));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, to, c.input(0).shape()));
  return convert(c.input(0), *y, options);
}

Status infer_cast(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_ASSIGN(const DType to, dtype_attribute(c.attrs()));
  return infer_to(c, to);
}

Status run_cast(RunContext& c) {
  OARLOCK_ASSIGN(const DType to, dtype_attribute(c.attrs()));
  return run_to(c, to);
}

Status infer_cast_like(InferContext& c) {
  OARLOCK_TRY(check_tensor(c, 0));
  OARLOCK_TRY(check_tensor(c, 1));
  return infer_to(c, c.dtype(1));
}

Status run_cast_like(RunContext& c) { return run_to(c, c.input(1).dtype()); }

}  // namespace

std::span<const OpDef> cast_ops() {
  static const OpDef defs[] = {
      {.name = "Cast",
       .since_version = 28,
       .attrs = {AttrDef::must("to", AttrKind::integer), {"saturate", 1}, {"round_mode", "up"}},
       .inputs = 1,
       .infer = infer_cast,
       .reference = run_cast},
      {.name = "CastLike",
       .since_version = 25,
       .attrs = {{"saturate", 1}, {"round_mode", "up"}},
       .inputs = 2,
       .infer = infer_cast_like,
       .reference = run_cast_like},
  };
  return defs;
}

}  // namespace oarlock::ops
