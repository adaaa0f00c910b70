#include <limits>

#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// From 11 on the bounds are inputs of the data's type.
Status clip_11(NodeDraft& draft, DraftContext& graph) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const float low = draft.attrs.number("min", -kLargest);
  const float high = draft.attrs.number("max", kLargest);
  draft.attrs.erase("min");
  draft.attrs.erase("max");
  if (draft.inputs.size() != 1) return {};
  const ValueId data = draft.inputs[0];
  if (low > -kLargest) {
    OARLOCK_ASSIGN(const ValueId bound, graph.add_scalar_like(draft.name + "/min", low, data));
    draft.set_input(1, bound);
  }
  if (high < kLargest) {
    OARLOCK_ASSIGN(const ValueId bound, graph.add_scalar_like(draft.name + "/max", high, data));
    draft.set_input(2, bound);
  }
  return {};
}

}  // namespace oarlock::converter
