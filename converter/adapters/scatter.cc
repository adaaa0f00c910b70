#include "converter/adapters/adapters.h"

namespace oarlock::converter {

Status scatter_11(NodeDraft& draft, DraftContext&) {
  draft.op = "ScatterElements";
  return {};
}

}  // namespace oarlock::converter
