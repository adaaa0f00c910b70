#pragma once

#include "oarlock/plugin/kernel.h"

namespace oarlock::cpu {

// Operators on float16 and bfloat16 run in float32: a rule of this backend puts Casts around them
// and lets neighbouring Casts cancel, so that values are stored in 16 bits only where the graph is
// entered or left, or an operator without a float32 kernel stands between.

// The operator is one of those, and a tensor of the node has 16 bits.
bool runs_widened(const Graph& graph, const Node& node);

}  // namespace oarlock::cpu
