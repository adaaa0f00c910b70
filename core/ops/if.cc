// ONNX If (25).
#include "core/ops/support/merge_types.h"
#include "core/ops/support/types.h"

namespace oarlock::ops {
namespace {

constexpr std::string_view kThen = "then_branch", kElse = "else_branch";

Result<bool> condition(const Tensor& tensor) {
  if (tensor.dtype() == DType::boolean && tensor.elements() == 1) return tensor.as<bool>()[0];
  return invalid("the condition is ", tensor, ", expected one bool");
}

Status check_count(std::string_view branch, size_t found, size_t expected) {
  if (found == expected) return {};
  return invalid("graph '", branch, "' has ", found, " outputs, the node ", expected);
}

Result<std::vector<TypeInfo>> infer_branch(InferContext& c, std::string_view branch) {
  OARLOCK_ASSIGN(std::vector<TypeInfo> types, c.infer_graph(branch, {}));
  OARLOCK_TRY(check_count(branch, types.size(), c.output_count()));
  return types;
}

// With a constant condition the types are those of one branch. A branch that cannot run with these
// inputs may still be there, guarded by the condition; then the types are those of the other.
Status infer_if(InferContext& c) {
  OARLOCK_TRY(check_type<Bools>(c, 0));
  const auto set_all = [&](std::vector<TypeInfo> types) {
    for (size_t i = 0; i < types.size(); ++i) c.set_output(i, std::move(types[i]));
    return Status();
  };
  if (c.constant(0)) {
    OARLOCK_ASSIGN(const bool chosen, condition(*c.constant(0)));
    OARLOCK_ASSIGN(std::vector<TypeInfo> types, infer_branch(c, chosen ? kThen : kElse));
    return set_all(std::move(types));
  }
  Result<std::vector<TypeInfo>> then_types = infer_branch(c, kThen);
  Result<std::vector<TypeInfo>> else_types = infer_branch(c, kElse);
  if (!then_types.ok() && !else_types.ok()) return then_types.status();
  if (!then_types.ok()) return set_all(std::move(*else_types));
  if (!else_types.ok()) return set_all(std::move(*then_types));
  for (size_t i = 0; i < then_types->size(); ++i) {
    c.set_output(i, merge_types((*then_types)[i], (*else_types)[i]));
  }
  return {};
}

Status run_if(RunContext& c) {
  if (!c.input_value(0).is_tensor()) return invalid("the condition is not a tensor");
  OARLOCK_ASSIGN(const bool chosen, condition(c.input(0)));
  const std::string_view branch = chosen ? kThen : kElse;
  OARLOCK_ASSIGN(std::vector<Value> results, c.run_graph(branch, {}));
  OARLOCK_TRY(check_count(branch, results.size(), c.output_count()));
  for (size_t i = 0; i < results.size(); ++i) {
    if (c.has_output(i)) OARLOCK_TRY(c.set_output(i, std::move(results[i])));
  }
  return {};
}

}  // namespace

std::span<const OpDef> if_ops() {
  static const OpDef defs[] = {{.name = "If",
                                .since_version = 25,
                                .attrs = {AttrDef::must("then_branch", AttrKind::graph),
                                          AttrDef::must("else_branch", AttrKind::graph)},
                                .inputs = 1,
                                .outputs = {1, Arity::kMany},
                                .infer = infer_if,
                                .reference = run_if}};
  return defs;
}

}  // namespace oarlock::ops
