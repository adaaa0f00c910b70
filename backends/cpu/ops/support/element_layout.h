#pragma once

#include <optional>
#include <vector>

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/broadcast.h"

namespace oarlock::cpu {

// Bytes of one element, 0 for types that cannot be moved byte by byte.
size_t element_bytes(DType dtype);

// Extents in memory: the logical ones, or those of NCHW16c: N, ceil(C / 16), spatial axes, 16.
std::vector<int64_t> memory_extents(const Shape& shape, bool blocked);
// Elements in memory, padding included.
int64_t memory_elements(const Shape& shape, bool blocked);

// NCHW16c is worth offering for images with several channels.
inline bool may_be_blocked(const Shape& shape) { return shape.rank() >= 3 && shape[1] > 1; }
inline bool has_whole_blocks(const Shape& shape) { return shape[1] % kChannelBlock == 0; }

// How an input of shape `own` is walked over while an output of shape `result` is produced in
// order of its memory. `layout` is the one the input must have. Empty when the input cannot be
// broadcast in a blocked layout.
struct BroadcastInput {
  Layout layout;
  std::vector<int64_t> strides;
};
std::optional<BroadcastInput> broadcast_input(const Shape& own, const Shape& result, bool blocked);

// For kernels with equal layouts of all tensors named: a row-major option and, where `blocked`
// allows, one in NCHW16c. `inputs` says which inputs follow the layout; others are row-major.
std::vector<KernelOption> plain_and_blocked(const NodeView& node, bool blocked,
                                            const std::vector<bool>& follows);
inline bool is_blocked(const KernelOption& option) {
  return !option.outputs.empty() && option.outputs[0].kind == Layout::Kind::blocked;
}

}  // namespace oarlock::cpu
