#pragma once
// What the kernels of this backend have in common.

#include <cstdint>
#include <vector>

#include "backends/opencl/launch.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// Kernels count elements in 32-bit numbers.
inline constexpr int64_t kMostElements = INT32_MAX;

// Refuses unless every input and output that is there is a concrete tensor of few enough elements.
Status expect_tensors(const NodeView& node);
// The same, and all of them float32, or all float16, which kernels store and do not compute with:
// the type.
Result<DType> expect_floats(const NodeView& node);
// Refuses types that the device cannot compute with.
Status expect_element(DType dtype, const Device& device);

// Blocked channels in the width that this device likes.
inline Layout blocked_layout(const Device& device) {
  return Layout::channel_blocked(static_cast<uint16_t>(cl_device(device).traits().channel_block));
}
inline bool is_blocked(const KernelOption& option) {
  return !option.outputs.empty() && option.outputs[0].kind == Layout::Kind::blocked;
}
// Blocked channels are worth offering for float images with several channels.
inline bool may_be_blocked(const Shape& shape) { return shape.rank() >= 3 && shape[1] > 1; }

// Element i of a float32 or float16 tensor.
float number_at(const Tensor& tensor, size_t i);

inline int64_t element_count(const Shape& shape) { return shape.elements().value_or(0); }
// Elements of axes [begin, end).
inline int64_t extent(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}
inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Extents in memory: the logical ones, or N, ceil(C / block), the others, block.
std::vector<int64_t> memory_extents(const Shape& shape, int64_t block);

// A row-major option and, where `blocked` allows, one with blocked channels. `follows` says which
// inputs have the output's layout; others are row-major.
std::vector<KernelOption> plain_and_blocked(const NodeView& node, const Device& device,
                                            bool blocked, const std::vector<bool>& follows);

}  // namespace oarlock::opencl
