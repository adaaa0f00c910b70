#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "oarlock/status.h"
#include "oarlock/tensor.h"
#include "oarlock/type_info.h"

namespace oarlock::cli {

// The same values on every machine for the same seed and name: floats uniform in [-1, 1), integers
// in 0..9 (1 bit for bool), strings "s0".."s9". Unknown extents become 1; a sequence gets one
// element. Unsupported when the type or rank is unknown.
Result<Value> random_value(const TypeInfo& type, const std::string& name, uint64_t seed);

}  // namespace oarlock::cli
