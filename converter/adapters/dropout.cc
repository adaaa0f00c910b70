#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// Until 10 the mask had the type of the data instead of bool.
Status dropout_10(NodeDraft& draft, DraftContext& graph) {
  if (!draft.has_output(1) || draft.inputs.empty()) return {};
  if (!graph.is_read(draft.outputs[1])) {
    draft.outputs.resize(1);
    return {};
  }
  NodeDraft dropout = draft;
  dropout.opset = 10;
  dropout.outputs[1] = graph.unique_name(draft.name + "/mask");
  OARLOCK_ASSIGN(const std::vector<ValueId> values, graph.add(std::move(dropout)));
  const ValueId data = draft.inputs[0];
  draft.name += "/cast_mask";
  draft.op = "CastLike";
  draft.inputs = {values[1], data};
  draft.attrs = {};
  draft.outputs = {draft.outputs[1]};
  return {};
}

// From 12 on the ratio is an input; it has no effect outside training.
Status dropout_12(NodeDraft& draft, DraftContext& graph) {
  const float ratio = draft.attrs.number("ratio", 0.5F);
  draft.attrs.erase("ratio");
  draft.set_input(1, graph.add_constant(draft.name + "/ratio", Tensor::scalar(ratio)));
  return {};
}

}  // namespace oarlock::converter
