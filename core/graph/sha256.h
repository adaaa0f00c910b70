#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace oarlock {

using Sha256Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4) of data given piece by piece.
class Sha256 {
 public:
  Sha256();
  void update(std::span<const std::byte> data);
  // Once; the object is spent afterwards.
  Sha256Digest finish();

  static Sha256Digest of(std::span<const std::byte> data);

 private:
  std::array<uint32_t, 8> state_;
  std::array<std::byte, 64> block_;  // bytes not yet hashed
  size_t filled_ = 0;
  uint64_t total_ = 0;
};

// 64 lower-case hexadecimal digits.
std::string to_hex(const Sha256Digest& digest);

}  // namespace oarlock
