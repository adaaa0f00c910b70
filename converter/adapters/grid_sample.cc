#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// 20 renamed the modes, as data may have any number of dimensions.
Status grid_sample_20(NodeDraft& draft, DraftContext&) {
  const std::string mode = draft.attrs.string("mode");
  if (mode == "bilinear") draft.attrs.set("mode", std::string("linear"));
  if (mode == "bicubic") draft.attrs.set("mode", std::string("cubic"));
  return {};
}

}  // namespace oarlock::converter
