#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace oarlock {

// Damages a file in one of several ways that damaged or hostile files show, the same way for the
// same seed.
inline std::vector<std::byte> mutate(std::vector<std::byte> bytes, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](size_t n) { return n == 0 ? 0 : random() % n; };
  const auto put = [&](size_t at, uint64_t value, size_t width) {
    for (size_t i = 0; i < width && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
  };
  constexpr uint64_t kAwkward[] = {0,       1,          0x7f,       0x80,       0xff,
                                   0x7fff,  0xffff,     0x7fffffff, 1u << 31,   0xffffffff,
                                   0x10000, 0x01000000, 1ull << 40, 1ull << 62, 1ull << 63,
                                   ~0ull,   ~0ull - 7,  INT64_MAX};
  const size_t times = 1 + below(4);
  for (size_t n = 0; n < times && !bytes.empty(); ++n) {
    const size_t at = below(bytes.size());
    switch (below(8)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes[at] ^= static_cast<std::byte>(1u << below(8));
        break;
      case 2:
        bytes[at] = static_cast<std::byte>(random());
        break;
      case 3:
        put(at / 4 * 4, kAwkward[below(std::size(kAwkward))], 4);
        break;
      case 4:
        put(at / 8 * 8, kAwkward[below(std::size(kAwkward))], 8);
        break;
      case 5: {  // a copy of another part: references to the wrong thing
        const size_t from = below(bytes.size());
        const size_t size = 1 + below(std::min<size_t>(64, bytes.size() - std::max(at, from)));
        std::memmove(bytes.data() + at, bytes.data() + from, size);
        break;
      }
      case 6: {  // a number slightly changed: counts, offsets, sizes
        const size_t place = at / 4 * 4;
        uint32_t value = 0;
        if (place + 4 > bytes.size()) break;
        std::memcpy(&value, bytes.data() + place, 4);
        put(place, value + static_cast<uint32_t>(below(17)) - 8, 4);
        break;
      }
      default:
        bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), below(16),
                     static_cast<std::byte>(random()));
        break;
    }
  }
  return bytes;
}

}  // namespace oarlock
