// Passes over one contiguous row of floats: maximum, sums, scaling. Sums are taken in four vector
// accumulators, folded in a fixed order. Included once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_ROW_INL_H_
#undef OARLOCK_KERNELS_CPU_ROW_INL_H_
#else
#define OARLOCK_KERNELS_CPU_ROW_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE float lane_max(VecF32 v) { return hn::GetLane(hn::MaxOfLanes(F32(), v)); }
HWY_INLINE float lane_sum(VecF32 v) { return hn::GetLane(hn::SumOfLanes(F32(), v)); }

inline float row_max(const float* x, int64_t n) {
  const F32 d;
  const float lowest = -std::numeric_limits<float>::infinity();
  VecF32 m0 = hn::Set(d, lowest), m1 = m0, m2 = m0, m3 = m0;
  int64_t i = 0;
  for (; i + 4 * kStep <= n; i += 4 * kStep) {
    m0 = max_of(m0, hn::LoadU(d, x + i));
    m1 = max_of(m1, hn::LoadU(d, x + i + kStep));
    m2 = max_of(m2, hn::LoadU(d, x + i + 2 * kStep));
    m3 = max_of(m3, hn::LoadU(d, x + i + 3 * kStep));
  }
  for (; i + kStep <= n; i += kStep) m0 = max_of(m0, hn::LoadU(d, x + i));
  if (i < n) m1 = max_of(m1, load_tail(x + i, n - i, lowest));
  return lane_max(max_of(max_of(m0, m1), max_of(m2, m3)));
}

// MAP: VecF32 operator()(VecF32). Returns the sum of map(x[i]); the padding of the last vector
// is mapped too and must give zero for the input `fill`.
template <class MAP>
HWY_INLINE float row_map_sum(const float* x, int64_t n, float fill, const MAP& map) {
  const F32 d;
  VecF32 s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  int64_t i = 0;
  for (; i + 4 * kStep <= n; i += 4 * kStep) {
    s0 = hn::Add(s0, map(hn::LoadU(d, x + i)));
    s1 = hn::Add(s1, map(hn::LoadU(d, x + i + kStep)));
    s2 = hn::Add(s2, map(hn::LoadU(d, x + i + 2 * kStep)));
    s3 = hn::Add(s3, map(hn::LoadU(d, x + i + 3 * kStep)));
  }
  for (; i + kStep <= n; i += kStep) s0 = hn::Add(s0, map(hn::LoadU(d, x + i)));
  if (i < n) s1 = hn::Add(s1, map(load_tail(x + i, n - i, fill)));
  return lane_sum(hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
}

struct Same {
  HWY_INLINE VecF32 operator()(VecF32 v) const { return v; }
};
struct SquaredDistance {
  VecF32 center;
  HWY_INLINE VecF32 operator()(VecF32 v) const {
    const VecF32 distance = hn::Sub(v, center);
    return hn::Mul(distance, distance);
  }
};

inline float row_sum(const float* x, int64_t n) { return row_map_sum(x, n, 0.0f, Same()); }

// Sum of (x - center)^2.
inline float row_squared_distance(const float* x, int64_t n, float center) {
  return row_map_sum(x, n, center, SquaredDistance{hn::Set(F32(), center)});
}

// y = exp(x - shift), x being at most shift; returns the sum of y.
inline float row_exp_sum(const float* x, float* y, int64_t n, float shift) {
  const F32 d;
  const VecF32 s = hn::Set(d, shift);
  VecF32 sum0 = hn::Zero(d), sum1 = sum0;
  int64_t i = 0;
  for (; i + 2 * kStep <= n; i += 2 * kStep) {
    const VecF32 e0 = exp_negative_f32(d, hn::Sub(hn::LoadU(d, x + i), s));
    const VecF32 e1 = exp_negative_f32(d, hn::Sub(hn::LoadU(d, x + i + kStep), s));
    hn::StoreU(e0, d, y + i);
    hn::StoreU(e1, d, y + i + kStep);
    sum0 = hn::Add(sum0, e0);
    sum1 = hn::Add(sum1, e1);
  }
  for (; i < n; i += kStep) {
    const int64_t left = n - i;
    if (left >= kStep) {
      const VecF32 e = exp_negative_f32(d, hn::Sub(hn::LoadU(d, x + i), s));
      hn::StoreU(e, d, y + i);
      sum0 = hn::Add(sum0, e);
    } else {
      const VecF32 e = exp_negative_f32(d, hn::Sub(load_tail(x + i, left, shift), s));
      store_tail(e, y + i, left);
      sum1 = hn::Add(sum1, hn::IfThenElseZero(hn::FirstN(d, static_cast<size_t>(left)), e));
    }
  }
  return lane_sum(hn::Add(sum0, sum1));
}

// y = x * scale + shift.
inline void row_affine(const float* x, float* y, int64_t n, float scale, float shift) {
  const F32 d;
  const VecF32 a = hn::Set(d, scale);
  const VecF32 b = hn::Set(d, shift);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i), a, b), d, y + i);
  if (i < n) store_tail(hn::MulAdd(load_tail(x + i, n - i, 0.0f), a, b), y + i, n - i);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
