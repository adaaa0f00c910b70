#pragma once

// Instruction sets the micro-kernels are compiled for: SSE4, AVX2 and AVX-512 (Highway's AVX3) on
// x86-64, NEON on Arm. Include before any Highway header.
//
// On x86-64 the files are compiled with SSE4.2 as their baseline, so a machine without it cannot
// run them; `instruction_set_supported()` in instruction_set.h answers that question safely.

// OARLOCK_EXPORT and OARLOCK_DISPATCH stand for Highway's HWY_EXPORT and HWY_DYNAMIC_DISPATCH. They
// do without Highway's library, which measures a clock when it is loaded: 4 ms of every start.

#include <cstddef>

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)

namespace oarlock::kernels::cpu {

// Where functions for the instruction set in use stand in the tables of OARLOCK_EXPORT.
size_t dispatch_index();

}  // namespace oarlock::kernels::cpu

#if defined(__x86_64__)
#define OARLOCK_EXPORT(FUNCTION)                                                           \
  static decltype(&HWY_STATIC_DISPATCH(FUNCTION)) const HWY_DISPATCH_TABLE(                \
      FUNCTION)[HWY_MAX_DYNAMIC_TARGETS + 2] = {nullptr, HWY_CHOOSE_TARGET_LIST(FUNCTION), \
                                                HWY_CHOOSE_FALLBACK(FUNCTION)}
#define OARLOCK_DISPATCH(FUNCTION) \
  (*(HWY_DISPATCH_TABLE(FUNCTION)[::oarlock::kernels::cpu::dispatch_index()]))
#else  // compiled for one instruction set
#define OARLOCK_EXPORT(FUNCTION) static_assert(true)
#define OARLOCK_DISPATCH(FUNCTION) HWY_STATIC_DISPATCH(FUNCTION)
#endif
