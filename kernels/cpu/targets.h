#pragma once

// Instruction sets the micro-kernels are compiled for: SSE4, AVX2 and AVX-512 (Highway's AVX3) on
// x86-64, NEON on Arm. Include before any Highway header.
//
// On x86-64 the files are compiled with SSE4.2 as their baseline, so a machine without it cannot
// run them; `instruction_set_supported()` in instruction_set.h answers that question safely.

#define HWY_DISABLED_TARGETS \
  (HWY_SSSE3 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
