#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// Until 9, spatial = 0 normalized every activation by itself, with parameters of shape [C, D1,
// ...].
Status batch_normalization_9(NodeDraft& draft, DraftContext& graph) {
  const bool spatial = draft.attrs.integer("spatial", 1) != 0;
  draft.attrs.erase("spatial");
  if (spatial || draft.inputs.size() != 5) return {};
  for (size_t i = 1; i < draft.outputs.size(); ++i)
    if (draft.has_output(i) && graph.is_read(draft.outputs[i]))
      return unsupported("the statistics of training (output ", i, ") are used");
  const float epsilon = draft.attrs.number("epsilon", 1e-5F);
  const std::string& name = draft.name;
  OARLOCK_ASSIGN(const ValueId small,
                 graph.add_scalar_like(name + "/epsilon", epsilon, draft.inputs[4]));
  OARLOCK_ASSIGN(const ValueId shifted,
                 graph.add(name + "/shift", "Sub", {draft.inputs[0], draft.inputs[3]}));
  OARLOCK_ASSIGN(const ValueId variance,
                 graph.add(name + "/variance", "Add", {draft.inputs[4], small}));
  OARLOCK_ASSIGN(const ValueId deviation, graph.add(name + "/deviation", "Sqrt", {variance}));
  OARLOCK_ASSIGN(const ValueId normal, graph.add(name + "/normal", "Div", {shifted, deviation}));
  OARLOCK_ASSIGN(const ValueId scaled,
                 graph.add(name + "/scaled", "Mul", {normal, draft.inputs[1]}));
  draft.op = "Add";
  draft.inputs = {scaled, draft.inputs[2]};
  draft.attrs = {};
  draft.outputs.resize(1);
  return {};
}

// Until 14, more than one output meant training.
Status batch_normalization_14(NodeDraft& draft, DraftContext& graph) {
  for (size_t i = 1; i < draft.outputs.size(); ++i)
    if (draft.has_output(i) && graph.is_read(draft.outputs[i]))
      return unsupported("the statistics of training (output ", i, ") are used");
  if (draft.outputs.size() > 1) draft.outputs.resize(1);
  return {};
}

}  // namespace oarlock::converter
