#pragma once

#include <cstdint>
#include <optional>

#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// Rows and vectors of a tile.
struct TileForm {
  int64_t rows = 0, vectors = 0;
};

// The form that tuning asks for while a tunable kernel is matched or created for it.
std::optional<TileForm> tuned_form();

// The kernel with a candidate for each form of its tile, which comes from choose_tile(). The kernel
// has one option and no variants of its own.
KernelDef tunable(KernelDef def);

// The kernel, which is a candidate where `match` takes the node.
KernelDef candidate_where(decltype(KernelDef::match) match, KernelDef def);

}  // namespace oarlock::opencl
