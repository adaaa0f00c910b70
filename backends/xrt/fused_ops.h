#pragma once

#include <span>
#include <string_view>

#include "oarlock/plugin/op.h"

namespace oarlock::xrt {

// The operator that this backend's rules put into a graph for a chain of kernels. It decomposes
// into what it stands for.
//
//   PooledConv(X, W, B): MaxPool or AveragePool (attribute `pool`) of oarlock.Conv(X, W, B), two
//     spatial axes. Attributes of the convolution as they are, those of pooling with the prefix
//     pool_; conv_extents and pool_extents: the spatial extents of what either computes
inline constexpr std::string_view kXrtDomain = "oarlock.xrt";

std::span<const OpDef> fused_ops();

// The attributes of a PooledConv, and those of its pooling back.
Attrs pooled_attrs(const Attrs& convolution, std::string_view pool, const Attrs& pooling);
Attrs pooling_attrs(const Attrs& pooled);

}  // namespace oarlock::xrt
