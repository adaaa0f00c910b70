#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "kernels/cpu/activation.h"
#include "kernels/cpu/conv_shape.h"
#include "kernels/cpu/pool.h"
#include "oarlock/plugin/activation.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::cpu {

// A node that slides a kernel over two spatial dimensions (or one, seen as a row), fp32.
struct WindowNode {
  int64_t batch = 1;
  kernels::cpu::ConvShape shape;
  kernels::cpu::PoolPadding end_padding;
};

// Of a node with attributes strides, dilations and pads whose kernel has these extents; channels
// are those of input 0 and output 0, groups is 1.
Result<WindowNode> read_window(const NodeView& view, std::span<const int64_t> kernel);
// Of a Conv node: input 0 and the weights, input 1.
Result<WindowNode> read_convolution(const NodeView& view);
// Of a pooling node: input 0, attributes kernel_shape and so on.
Result<WindowNode> read_pooling(const NodeView& view);

// The activation attributes of a node of domain "oarlock" or "oarlock.cpu"; none for other domains.
Result<kernels::cpu::Activation> read_activation(const NodeView& view);
// In the kernels' terms; empty where they have no such function.
std::optional<kernels::cpu::Activation> kernel_activation(const Activation& activation);

// Refuses unless every present input and output is a float32 tensor.
Status expect_float32(const NodeView& view);

inline Layout blocked_layout() { return Layout::channel_blocked(16); }

}  // namespace oarlock::cpu
