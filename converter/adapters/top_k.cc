#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 10 on k is an input.
Status top_k_10(NodeDraft& draft, DraftContext& graph) {
  const int64_t k[] = {draft.attrs.integer("k")};
  draft.attrs.erase("k");
  draft.set_input(1, graph.add_integers(draft.name + "/k", k));
  return {};
}

}  // namespace oarlock::converter
