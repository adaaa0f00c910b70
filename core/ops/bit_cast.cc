// BitCast (ONNX 26): the same bits as another type of the same width.
#include <algorithm>

#include "core/ops/support/check.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  const int64_t number = c.attrs().integer("to");
  const DType to =
      number > 0 && number < kDTypeCount ? static_cast<DType>(number) : DType::undefined;
  if (to == DType::undefined || to == DType::string || c.dtype(0) == DType::string ||
      bits(to) != bits(c.dtype(0)))
    return invalid("elements of type ", c.dtype(0), " cannot be taken for type ", number, " (", to,
                   "); both must have as many bits");
  c.set_output(0, to, c.shape(0));
  return {};
}

Status bit_cast(RunContext& c) {
  const Tensor& x = c.input(0);
  OARLOCK_ASSIGN(Tensor* const y,
                 c.output(0, static_cast<DType>(c.attrs().integer("to")), x.shape()));
  if (y->data() != x.data()) std::copy_n(x.data(), x.bytes(), y->mutable_data());
  return {};
}

}  // namespace

std::span<const OpDef> bit_cast_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "BitCast",
       .since_version = 26,
       .attrs = {AttrDef::must("to", AttrKind::integer)},
       .inputs = 1,
       .infer = infer,
       .reference = bit_cast},
  };
  return defs;
}

}  // namespace oarlock::ops
