#pragma once

#include <optional>
#include <string_view>

#include "backends/opencl/tuning.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// The tile for a node: the one being measured, or what tuning found for nodes like it.
std::optional<Tuning::Form> tuned_form(std::string_view kernel, const NodeView& node,
                                       const Device& device);

// The kernel, which in a session with the setting `tune` measures its tiles on nodes that it takes,
// with zeros, and keeps the fastest. Its tile comes from choose_tile() under the kernel's name.
KernelDef tunable(KernelDef def);

// A kernel of a vendor's library, which in a session with the setting `tune` is measured beside the
// ordinary kernel that would take the node. Where that one was found to be faster, it refuses.
KernelDef chosen_by_measuring(KernelDef def);

// The same, but without a measurement it refuses too, unless opencl.clblast is on.
KernelDef chosen_where_faster(KernelDef def);

}  // namespace oarlock::opencl
