#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 13 on the sizes are an input.
Status split_13(NodeDraft& draft, DraftContext& graph) {
  list_to_input(draft, graph, "split", 1);
  return {};
}

// From 18 on the number of parts is given when their sizes are not.
Status split_18(NodeDraft& draft, DraftContext&) {
  if (draft.input(1) == kNone)
    draft.attrs.set("num_outputs", static_cast<int64_t>(draft.outputs.size()));
  return {};
}

}  // namespace oarlock::converter
