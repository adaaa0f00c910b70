#pragma once

#include <set>
#include <string>

#include "oarlock/plugin/graph.h"
#include "oarlock/status.h"

namespace oarlock {

class OpRegistry;

// Makes nodes of known operators read and write float16 instead of float32, with casts to and from
// nodes of others and the graph's inputs and outputs, which stay as they are. Constants are
// rounded; finite ones beyond the range become the largest float16. Scalars and vectors stay
// float32, since shapes are computed with them. Returns how many nodes changed. Bodies of control
// flow stay, and so do nodes named in `keep`.
Result<int> store_as_half(Graph& graph, const OpRegistry& ops,
                          const std::set<std::string>& keep = {});

}  // namespace oarlock
