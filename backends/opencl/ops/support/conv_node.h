#pragma once

#include "backends/opencl/ops/support/packing.h"

namespace oarlock::opencl {

// The option of a convolution whose output is in blocked channels, as all of them have: the bias
// as a vector of whole panels of `tile`, the residual like the output, which may overwrite it.
KernelOption conv_option(const NodeView& node, const Device& device, const Tile& tile, Layout input,
                         Layout weights);

// Input, weights, bias, residual and output of a step, for a kernel that takes these.
std::array<TensorRef, 5> conv_tensors(const KernelArgs& args);

// A list with the same kernel for Conv and oarlock.Conv, tunable where it calls choose_tile();
// `in_half_too`: first as "..._fp16" where float16 is computed with.
std::vector<KernelDef> conv_defs(const char* name, decltype(KernelDef::match) match,
                                 decltype(KernelDef::create) create, bool chooses_tile = true,
                                 bool in_half_too = true);

}  // namespace oarlock::opencl
