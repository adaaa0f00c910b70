#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 11 on the widths and the value are inputs.
Status pad_11(NodeDraft& draft, DraftContext& graph) {
  const std::vector<int64_t> pads = draft.attrs.integers("pads");
  const float value = draft.attrs.number("value", 0.0F);
  draft.attrs.erase("pads");
  draft.attrs.erase("value");
  if (draft.inputs.size() != 1) return {};
  draft.set_input(1, graph.add_integers(draft.name + "/pads", pads));
  if (value != 0.0F) {
    OARLOCK_ASSIGN(const ValueId constant,
                   graph.add_scalar_like(draft.name + "/value", value, draft.inputs[0]));
    draft.set_input(2, constant);
  }
  return {};
}

}  // namespace oarlock::converter
