#pragma once

#include <string>
#include <string_view>

namespace oarlock::kernels::cpu {

// Channels in one block of the NCHW16c layout: element (n, c, h, w) of a tensor with C channels,
// height H and width W lies at (((n * ceil(C / 16) + c / 16) * H + h) * W + w) * 16 + c % 16.
// Lanes beyond the last channel hold finite values without meaning.
inline constexpr int kBlock = 16;

// True where this machine can run the kernels at all (SSE4.2 on x86-64).
bool instruction_set_supported();

// Name of the instruction set that run-time dispatch chooses, for instance "AVX2".
const char* instruction_set_name();

// Those this machine can run, best first: "AVX3, AVX2, SSE4".
std::string instruction_set_names();

// Forbids the whole process instruction sets better than this one, whose name may be in lower case.
// Returns false where it is not available. To be called before any kernel runs; not thread-safe.
bool limit_instruction_set(std::string_view name);

// Restricts dispatch to one instruction set, for tests: "SSE4", "AVX2", "AVX3", "NEON"; "" lifts
// the restriction. Returns false where it is not available. Not thread-safe.
bool force_instruction_set(const char* name);

}  // namespace oarlock::kernels::cpu
