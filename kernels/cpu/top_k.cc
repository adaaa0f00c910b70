#include "kernels/cpu/top_k.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/top_k.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>
#include <cstring>
#include <functional>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {

// Orders values first and positions second: the greater key comes first in the result.
HWY_INLINE uint64_t key_of(float value, int64_t position, bool largest) {
  uint32_t bits = 0;
  static_assert(sizeof bits == sizeof value);
  std::memcpy(&bits, &value, sizeof bits);
  uint32_t order = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  if (value == 0) order = 0x80000000u;
  if (value != value) order = 0xffffffffu;
  if (!largest) order = ~order;
  return uint64_t{order} << 32 | (0xffffffffu - static_cast<uint32_t>(position));
}
HWY_INLINE int64_t position_of(uint64_t key) {
  return static_cast<int64_t>(0xffffffffu - static_cast<uint32_t>(key));
}

// True where none of kStep values comes before `worst` in the result.
HWY_INLINE bool none_better(VecF32 v, float worst, bool largest) {
  const F32 d;
  const VecF32 bound = hn::Set(d, worst);
  if (largest) return hn::AllTrue(d, hn::Le(v, bound));
  return hn::AllFalse(d, hn::Lt(v, bound));
}

// A heap of the best so far, whose top is the worst of them.
void select(const float* x, int64_t n, int64_t k, bool largest, uint64_t* heap) {
  const F32 d;
  const std::greater<> order;
  for (int64_t i = 0; i < k; ++i) heap[i] = key_of(x[i], i, largest);
  std::make_heap(heap, heap + k, order);
  float worst = x[position_of(heap[0])];
  const auto offer = [&](int64_t i) {
    const uint64_t key = key_of(x[i], i, largest);
    if (key < heap[0]) return;
    std::pop_heap(heap, heap + k, order);
    heap[k - 1] = key;
    std::push_heap(heap, heap + k, order);
    worst = x[position_of(heap[0])];
  };
  int64_t i = k;
  for (; i + kStep <= n; i += kStep) {
    // With a NaN as the worst, comparing floats says nothing.
    if (worst == worst && none_better(hn::LoadU(d, x + i), worst, largest)) continue;
    for (int64_t j = i; j < i + kStep; ++j) offer(j);
  }
  for (; i < n; ++i) offer(i);
}

void top_k_run(const float* x, int64_t n, int64_t k, bool largest, uint64_t* scratch, float* values,
               int64_t* indices, int64_t stride) {
  if (top_k_scratch(n, k) == n) {
    for (int64_t i = 0; i < n; ++i) scratch[i] = key_of(x[i], i, largest);
    if (k < n) std::nth_element(scratch, scratch + k, scratch + n, std::greater<>());
  } else {
    select(x, n, k, largest, scratch);
  }
  std::sort(scratch, scratch + k, std::greater<>());
  for (int64_t i = 0; i < k; ++i) {
    const int64_t at = position_of(scratch[i]);
    values[i * stride] = x[at];
    indices[i * stride] = at;
  }
}

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(top_k_run);

// Many of few: all are keyed.
int64_t top_k_scratch(int64_t n, int64_t k) { return k > n / 8 ? n : k; }

void top_k(const float* x, int64_t n, int64_t k, bool largest, uint64_t* scratch, float* values,
           int64_t* indices, int64_t stride) {
  OARLOCK_DISPATCH(top_k_run)(x, n, k, largest, scratch, values, indices, stride);
}
}  // namespace oarlock::kernels::cpu
#endif
