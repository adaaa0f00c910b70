#pragma once
#include <string_view>

#include "backends/xrt/ops/support/nodes.h"

namespace oarlock::xrt {

// The words of pool.h from index `at` on, but for PLANES and GLOBAL, of MaxPool, AveragePool and
// their global kinds.
void set_pool(Parameters& parameters, int at, std::string_view op, const Attrs& attrs,
              const Window& window);

}  // namespace oarlock::xrt
