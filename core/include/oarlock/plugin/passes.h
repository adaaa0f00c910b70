#pragma once

#include <string>
#include <utility>
#include <vector>

#include "oarlock/dtype.h"
#include "oarlock/plugin/graph.h"
#include "oarlock/status.h"

namespace oarlock {

class OpRegistry;

// What simplify() did: how often each rule was applied, in order of first use.
struct SimplifyReport {
  std::vector<std::pair<std::string, int>> applied;
};

// Applies the portable rewrites to a fixpoint, in subgraphs too: at conversion, at load, and again
// when shapes become known. Names of graph inputs and outputs and the results stay (results up to
// rounding). The graph must be resolved; types are inferred here. Ends after a bounded number of
// sweeps. An error names the rule and the node; the graph is then valid, but maybe not fully
// simplified.
Status simplify(Graph& graph, const OpRegistry& ops, SimplifyReport* report = nullptr);

// Stores the float32 weights of convolutions and matrix products, constants of 1024 elements and
// more, as float16, bfloat16 (a Cast back behind them; finite numbers stay finite), or int8 (a
// DequantizeLinear with a scale for each output channel behind them). Weights that other nodes read
// too, and as int8 those with numbers that are not finite, stay. Returns how many changed. Types
// must be inferred; bodies of control flow stay.
Result<int> narrow_weights(Graph& graph, DType to, const OpRegistry& ops);

}  // namespace oarlock
