#pragma once
// Where a kernel's arguments lie in its AXI-Lite registers, as Vitis HLS places them: the first at
// 0x10, each padded to words with one reserved word behind it.

#include <cstddef>
#include <cstdint>

namespace oarlock::xrt_emulator {

inline constexpr size_t kFirstRegister = 0x10, kPointerSlot = 12, kIntSlot = 8;
inline constexpr uint32_t kMostTensors = 8, kMostStreams = 2;

// Pointer i of `tensors` + 1, the last being the parameter block.
constexpr size_t pointer_register(uint32_t i) { return kFirstRegister + kPointerSlot * i; }
// Offset i of `tensors`.
constexpr size_t offset_register(uint32_t tensors, uint32_t i) {
  return pointer_register(tensors + 1) + kIntSlot * i;
}
inline constexpr size_t kRegisterBytes = 512;
static_assert(offset_register(kMostTensors, kMostTensors) <= kRegisterBytes);

}  // namespace oarlock::xrt_emulator
