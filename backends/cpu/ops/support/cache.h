#pragma once

#include <unistd.h>

#include <cstdint>

namespace oarlock::cpu {

// Bytes of a core's second-level cache.
inline int64_t cache_bytes() {
  static const int64_t bytes = [] {
    int64_t size = -1;
#if defined(_SC_LEVEL2_CACHE_SIZE)
    size = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return size > 0 ? size : int64_t{1} << 20;
  }();
  return bytes;
}

}  // namespace oarlock::cpu
