#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "oarlock/plugin/graph.h"
#include "oarlock/plugin/op.h"

namespace oarlock {

// Runs nodes one by one with their reference implementations, allocating as it goes: for constant
// folding, golden data and tests. Not for applications, which use a Session.

// Outputs of a resolved graph (see resolve) for its formal inputs.
Result<std::vector<Value>> evaluate(const Graph& graph, std::span<const Value> inputs,
                                    const OpRegistry& ops = OpRegistry::core());

// Outputs of one node of a graph; `inputs` has a Value for each of node.inputs, captures included,
// empty for omitted ones.
Result<std::vector<Value>> evaluate_node(const Node& node, std::span<const Value> inputs,
                                         const OpRegistry& ops = OpRegistry::core());

// One operator on its own.
Result<std::vector<Value>> evaluate_op(std::string_view domain, std::string_view op, Attrs attrs,
                                       std::span<const Value> inputs, size_t output_count = 1,
                                       const OpRegistry& ops = OpRegistry::core());

}  // namespace oarlock
