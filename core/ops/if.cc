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

// With a constant condition the types are those of one branch.
Status infer_if(InferContext& c) {
  OARLOCK_TRY(check_type<Bools>(c, 0));
  const size_t count = c.output_count();
  if (c.constant(0)) {
    OARLOCK_ASSIGN(const bool chosen, condition(*c.constant(0)));
    const std::string_view branch = chosen ? kThen : kElse;
    OARLOCK_ASSIGN(std::vector<TypeInfo> types, c.infer_graph(branch, {}));
    OARLOCK_TRY(check_count(branch, types.size(), count));
    for (size_t i = 0; i < count; ++i) c.set_output(i, std::move(types[i]));
    return {};
  }
  OARLOCK_ASSIGN(const std::vector<TypeInfo> then_types, c.infer_graph(kThen, {}));
  OARLOCK_ASSIGN(const std::vector<TypeInfo> else_types, c.infer_graph(kElse, {}));
  OARLOCK_TRY(check_count(kThen, then_types.size(), count));
  OARLOCK_TRY(check_count(kElse, else_types.size(), count));
  for (size_t i = 0; i < count; ++i) c.set_output(i, merge_types(then_types[i], else_types[i]));
  return {};
}

Status run_if(RunContext& c) {
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
