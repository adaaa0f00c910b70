#pragma once

#include <cstddef>

#include "oarlock/plugin/layout.h"
#include "oarlock/status.h"

namespace oarlock {

// Moves a tensor in host memory from one layout to another, element by element; padding becomes
// zero. Row-major and blocked layouts and image2d of whole-byte types; the slow, general way.
Status convert_layout(const TensorDesc& from, const std::byte* source, const TensorDesc& to,
                      std::byte* target);

}  // namespace oarlock
