#pragma once

#include <cstdint>

namespace oarlock::kernels::cpu {

// True where the machine has instructions that add four products of bytes to a 32-bit number, for
// vectors of this Highway target (AVX3: AVX512-VNNI; AVX2: AVX-VNNI), and they are allowed.
bool has_byte_dots(int64_t target);

}  // namespace oarlock::kernels::cpu
