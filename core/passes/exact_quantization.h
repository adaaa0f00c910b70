#pragma once

#include <span>

#include "oarlock/plugin/rewrite.h"

namespace oarlock::passes {

// Run before all others, while constants still are what the model's author quantized.
std::span<const Rule> exact_quantization_rules();

}  // namespace oarlock::passes
