// RegexFullMatch (ONNX 20).
#include "core/ops/support/check.h"
#include "core/ops/support/regex.h"

namespace oarlock::ops {

namespace {

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_dtype(c, 0, "X", {DType::string}));
  OARLOCK_TRY(Regex::compile(c.attrs().string("pattern")).status());
  c.set_output(0, DType::boolean, c.shape(0));
  return {};
}

Status regex_full_match(RunContext& c) {
  OARLOCK_ASSIGN(const Regex regex, Regex::compile(c.attrs().string("pattern")));
  OARLOCK_ASSIGN(Tensor* const y, c.output(0, DType::boolean, c.input(0).shape()));
  const auto texts = c.input(0).as<std::string>();
  const auto out = y->mutable_as<bool>();
  for (size_t i = 0; i < texts.size(); ++i) {
    if (c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    out[i] = regex.full_match(texts[i]);
  }
  return {};
}

}  // namespace

std::span<const OpDef> regex_full_match_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "RegexFullMatch",
       .since_version = 20,
       .attrs = {{"pattern", AttrKind::string}},
       .inputs = 1,
       .infer = infer,
       .reference = regex_full_match},
  };
  return defs;
}

}  // namespace oarlock::ops
