#include "core/ops/support/philox.h"

#include <atomic>
#include <bit>
#include <random>

namespace oarlock::ops {

Philox random_stream(const Attrs& attrs) {
  if (const AttrValue* seed = attrs.find("seed"); seed != nullptr) {
    if (const auto* number = std::get_if<float>(seed))
      return Philox(std::bit_cast<uint32_t>(*number));
    if (const auto* number = std::get_if<int64_t>(seed))
      return Philox(static_cast<uint64_t>(*number));
  }
  static std::atomic<uint64_t> next = uint64_t{std::random_device()()} << 32;
  return Philox(next.fetch_add(1));
}

}  // namespace oarlock::ops
