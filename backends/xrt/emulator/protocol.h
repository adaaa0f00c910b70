#pragma once
// What the device and the process that runs its kernels say to each other, over a socket of
// datagrams. The device's memory is shared between them.

#include <array>
#include <cstdint>

#include "backends/xrt/emulator/registers.h"

namespace oarlock::xrt_emulator {

// Descriptors that the process inherits.
inline constexpr int kSocket = 3, kMemory = 4, kKernels = 5;

struct Start {
  uint64_t command;
  uint32_t compute_unit;  // runs of one unit follow each other
  char kernel[60];        // "oarlock_gemm"
  std::array<uint8_t, kRegisterBytes> registers;
};

enum class Outcome : uint32_t { completed, unknown_kernel, outside_memory };

// The first one says that kernels can be run; its command is 0.
struct Finished {
  uint64_t command;
  Outcome outcome;
  uint32_t nanoseconds;
  double cycles, products, read_bytes, written_bytes;
};

}  // namespace oarlock::xrt_emulator
