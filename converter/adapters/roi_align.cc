#include "converter/adapters/adapters.h"

namespace oarlock::converter {

// 16 introduced the shift by half a pixel as its default.
Status roi_align_16(NodeDraft& draft, DraftContext&) {
  draft.attrs.set("coordinate_transformation_mode", std::string("output_half_pixel"));
  return {};
}

}  // namespace oarlock::converter
