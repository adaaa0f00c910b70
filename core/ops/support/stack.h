#pragma once

#include <vector>

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// Writes tensors of one type and shape as output i, one beside the other along a new axis (which
// may be negative). Without tensors the output is empty and has type and extents of `declared`.
Status set_stacked(RunContext& c, size_t output, const std::vector<Tensor>& tensors, int64_t axis,
                   const TypeInfo& declared);

// The type of a body's output when it is never run: as declared, else inferred from its inputs.
TypeInfo type_without_run(const Graph& body, size_t output, std::span<const Value> inputs);

// Element k along `axis`, without that axis, in memory of its own.
Result<Tensor> slice_at(const Tensor& x, size_t axis, int64_t k);

}  // namespace oarlock::ops
