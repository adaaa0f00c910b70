#pragma once

namespace oarlock::kernels::cpu {

// Of the sources of these kernels, and of the compiler and its options: times measured with other
// ones mean nothing to this build.
const char* source_hash();

}  // namespace oarlock::kernels::cpu
