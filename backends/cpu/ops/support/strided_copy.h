#pragma once

#include "backends/cpu/ops/support/common.h"
#include "kernels/cpu/broadcast.h"

namespace oarlock::cpu {

// Copies elements of `bytes` bytes into a dense output; plan input 0 tells where each comes from.
void strided_copy(const kernels::cpu::Broadcast& plan, size_t bytes, const std::byte* from,
                  std::byte* to, const CpuDevice& device);

}  // namespace oarlock::cpu
