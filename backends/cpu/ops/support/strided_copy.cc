#include "backends/cpu/ops/support/strided_copy.h"

#include <cstring>

namespace oarlock::cpu {

namespace {

template <class T>
void copy_row(const T* from, int64_t step, T* to, int64_t count) {
  if (step == 0) {
    std::fill(to, to + count, from[0]);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i * step];
  }
}

template <class T>
void copy_range(const kernels::cpu::Broadcast& plan, const std::byte* from, std::byte* to,
                int64_t begin, int64_t end) {
  const int64_t step = plan.strides[0][plan.rank - 1];
  kernels::cpu::BroadcastCursor at(plan, begin);
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  while (begin < end) {
    const int64_t count = std::min(at.row_left(), end - begin);
    if (step == 1)
      std::memcpy(target + begin, source + at.offset(0), static_cast<size_t>(count) * sizeof(T));
    else
      copy_row(source + at.offset(0), step, target + begin, count);
    at.advance(count);
    begin += count;
  }
}

}  // namespace

void strided_copy(const kernels::cpu::Broadcast& plan, size_t bytes, const std::byte* from,
                  std::byte* to, const CpuDevice& device) {
  device.parallel(plan.elements, 32768, [&](int64_t begin, int64_t end, int) {
    switch (bytes) {
      case 1:
        return copy_range<uint8_t>(plan, from, to, begin, end);
      case 2:
        return copy_range<uint16_t>(plan, from, to, begin, end);
      case 4:
        return copy_range<uint32_t>(plan, from, to, begin, end);
      case 8:
        return copy_range<uint64_t>(plan, from, to, begin, end);
    }
  });
}

}  // namespace oarlock::cpu
