#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 10 on starts, ends and axes are inputs.
Status slice_10(NodeDraft& draft, DraftContext& graph) {
  const std::vector<int64_t> starts = draft.attrs.integers("starts");
  const std::vector<int64_t> ends = draft.attrs.integers("ends");
  draft.attrs.erase("starts");
  draft.attrs.erase("ends");
  draft.set_input(1, graph.add_integers(draft.name + "/starts", starts));
  draft.set_input(2, graph.add_integers(draft.name + "/ends", ends));
  list_to_input(draft, graph, "axes", 3);
  return {};
}

}  // namespace oarlock::converter
