// Reductions (13, 18), Squeeze and Unsqueeze (13): `axes` is an input.
#include "converter/adapters/adapters.h"

namespace oarlock::converter {

Status axes_to_input(NodeDraft& draft, DraftContext& graph) {
  list_to_input(draft, graph, "axes", 1);
  return {};
}

}  // namespace oarlock::converter
