#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "oarlock/plugin/attrs.h"

namespace oarlock::ops {

// The counter-based generator Philox4x32-10 (Salmon et al., Parallel Random Numbers: As Easy as
// 1, 2, 3; SC 2011): number i of a stream depends on the key and i alone.
class Philox {
 public:
  explicit Philox(uint64_t key) : key_(key) {}

  std::array<uint32_t, 4> block(uint64_t index) const {
    std::array<uint32_t, 4> x = {static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                                 0, 0};
    uint32_t k0 = static_cast<uint32_t>(key_), k1 = static_cast<uint32_t>(key_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t a = uint64_t{0xD2511F53} * x[0];
      const uint64_t b = uint64_t{0xCD9E8D57} * x[2];
      x = {static_cast<uint32_t>(b >> 32) ^ x[1] ^ k0, static_cast<uint32_t>(b),
           static_cast<uint32_t>(a >> 32) ^ x[3] ^ k1, static_cast<uint32_t>(a)};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return x;
  }

  // In [0, 1).
  double uniform(uint64_t i) const {
    const auto x = block(i / 2);
    const uint64_t word = uint64_t{x[i % 2 * 2]} << 32 | x[i % 2 * 2 + 1];
    return static_cast<double>(word >> 11) * 0x1p-53;
  }

  // With mean 0 and deviation 1 (Box and Muller).
  double normal(uint64_t i) const {
    const double radius = std::sqrt(-2 * std::log(1 - uniform(i / 2 * 2)));
    const double angle = 2 * std::numbers::pi * uniform(i / 2 * 2 + 1);
    return radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
  }

 private:
  uint64_t key_;
};

// The stream of a node. Its key is the attribute `seed`: the bits of a float, or an integer; number
// i belongs to element i of the output, so that the same seed gives the same elements everywhere.
// Without a seed each call gives a new stream.
Philox random_stream(const Attrs& attrs);

}  // namespace oarlock::ops
