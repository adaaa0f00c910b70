#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 20 on `axis` is an input, and its default is -2 instead of 1.
Status dft_20(NodeDraft& draft, DraftContext& graph) {
  const int64_t axis = draft.attrs.integer("axis", 1);
  draft.attrs.erase("axis");
  draft.set_input(2, graph.add_constant(draft.name + "/axis", Tensor::scalar(axis)));
  return {};
}

}  // namespace oarlock::converter
