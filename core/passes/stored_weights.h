#pragma once

#include <optional>

#include "oarlock/plugin/graph.h"
#include "oarlock/status.h"

namespace oarlock {

class OpRegistry;

// Constants stored narrower than the float32 that they are read as: float16 or bfloat16 behind a
// Cast, int8 behind a DequantizeLinear without zero points. narrow_weights() makes them.

// Rows of a product up to which reading B takes longer than multiplying.
inline constexpr int64_t kFewRows = 3;

struct StoredWeights {
  ValueId values = kNone;  // float16, bfloat16 or int8
  ValueId scale = kNone;   // float32: one number, or one for each index along `axis`; int8 only
  size_t axis = 0;
};
// What the node makes float32 of, if it is such a node.
std::optional<StoredWeights> stored_weights(const Graph& graph, const Node& node);

// How many rows A of a MatMul, Gemm or oarlock.MatMul has, all of its matrices together; empty when
// its shape is not known.
std::optional<int64_t> product_rows(const Graph& graph, const Node& product);

// `node` makes large weights that only products read: rewrites leave them as they are stored, and
// planning decides by the number of rows.
bool stays_stored(const Graph& graph, const Node& node);

// The constant that such a node computes.
Result<Tensor> widened(const Graph& graph, const Node& node);
// Puts it in the place of every such node.
Status widen_weights(Graph& graph);

}  // namespace oarlock
