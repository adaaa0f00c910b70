// ONNX SequenceMap (17).
#include "core/ops/support/sequences.h"

namespace oarlock::ops {
namespace {

// The body sees the elements of sequences; tensors are passed to it as they are.
Status infer_sequence_map(InferContext& c) {
  OARLOCK_TRY(check_sequence(c, 0));
  std::vector<TypeInfo> types;
  for (size_t i = 0; i < c.input_count(); ++i) {
    const bool is_sequence = c.input(i).kind == TypeInfo::Kind::sequence && c.input(i).element;
    types.push_back(is_sequence ? *c.input(i).element : c.input(i));
  }
  OARLOCK_ASSIGN(std::vector<TypeInfo> results, c.infer_graph("body", types));
  if (results.size() != c.output_count()) {
    return invalid("the body has ", results.size(), " outputs, the node ", c.output_count());
  }
  for (size_t i = 0; i < results.size(); ++i) {
    c.set_output(i, TypeInfo::sequence_of(std::move(results[i])));
  }
  return {};
}

Status run_sequence_map(RunContext& c) {
  OARLOCK_ASSIGN(const Sequence* first, sequence_input(c, 0));
  const size_t length = first->size();
  for (size_t i = 1; i < c.input_count(); ++i) {
    const Value& value = c.input_value(i);
    if (value.is_sequence() && value.sequence().size() != length) {
      return invalid("input ", i, " has ", value.sequence().size(), " elements, expected ", length,
                     " like input 0");
    }
  }
  std::vector<Sequence> outputs(c.output_count());
  std::vector<Value> arguments(c.input_count());
  for (size_t k = 0; k < length; ++k) {
    if (c.cancelled()) return Status(Code::cancelled, "cancelled");
    for (size_t i = 0; i < arguments.size(); ++i) {
      const Value& value = c.input_value(i);
      arguments[i] = value.is_sequence() ? value.sequence()[k] : value;
    }
    OARLOCK_ASSIGN(std::vector<Value> results, c.run_graph("body", arguments));
    if (results.size() != outputs.size()) {
      return invalid("the body has ", results.size(), " outputs, the node ", outputs.size());
    }
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i].push_back(std::move(results[i]));
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (c.has_output(i)) OARLOCK_TRY(c.set_output(i, std::move(outputs[i])));
  }
  return {};
}

}  // namespace

std::span<const OpDef> sequence_map_ops() {
  static const OpDef defs[] = {{.name = "SequenceMap",
                                .since_version = 17,
                                .attrs = {AttrDef::must("body", AttrKind::graph)},
                                .inputs = {1, Arity::kMany},
                                .outputs = {1, Arity::kMany},
                                .infer = infer_sequence_map,
                                .reference = run_sequence_map}};
  return defs;
}

}  // namespace oarlock::ops
