#pragma once

#include <vector>

#include "oarlock/convert.h"
#include "oarlock/model.h"
#include "oarlock/plugin/graph.h"

namespace oarlock::converter {

// options.golden cases: seeded inputs, and what the reference implementations make of them. The
// same seed gives the same inputs on every machine. Floats lie in [-1, 1), integers of 8 bits
// anywhere, wider ones in [0, 10), unknown extents become 1.
Result<std::vector<GoldenCase>> make_golden(const Graph& graph, const ConvertOptions& options);

}  // namespace oarlock::converter
