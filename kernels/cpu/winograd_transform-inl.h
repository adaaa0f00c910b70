// One-dimensional transforms of F(m, 3) for interpolation points 0, 1, -1, 2, -2, 1/2, -1/2 and
// infinity, as many as m + 1 of the finite ones; included by kernel files inside foreach_target.

#if defined(OARLOCK_KERNELS_CPU_WINOGRAD_TRANSFORM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_WINOGRAD_TRANSFORM_INL_H_
#undef OARLOCK_KERNELS_CPU_WINOGRAD_TRANSFORM_INL_H_
#else
#define OARLOCK_KERNELS_CPU_WINOGRAD_TRANSFORM_INL_H_
#endif

#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

HWY_INLINE VecF32 scaled(VecF32 a, float factor, VecF32 plus) {
  return hn::MulAdd(a, hn::Set(F32(), factor), plus);
}

// y = B^T x, m + 2 values each.
template <int m>
HWY_INLINE void input_transform(const VecF32* x, VecF32* y) {
  if constexpr (m == 2) {
    y[0] = hn::Sub(x[0], x[2]);
    y[1] = hn::Add(x[1], x[2]);
    y[2] = hn::Sub(x[2], x[1]);
    y[3] = hn::Sub(x[1], x[3]);
  } else if constexpr (m == 4) {
    const VecF32 even1 = scaled(x[2], -4, x[4]), odd1 = scaled(x[1], -4, x[3]);
    const VecF32 even2 = hn::Sub(x[4], x[2]), odd2 = hn::Sub(x[3], x[1]);
    y[0] = scaled(x[0], 4, scaled(x[2], -5, x[4]));
    y[1] = hn::Add(even1, odd1);
    y[2] = hn::Sub(even1, odd1);
    y[3] = scaled(odd2, 2, even2);
    y[4] = scaled(odd2, -2, even2);
    y[5] = scaled(x[1], 4, scaled(x[3], -5, x[5]));
  } else {
    static_assert(m == 6);
    const VecF32 even1 = scaled(x[4], -4.25f, hn::Add(x[2], x[6]));
    const VecF32 odd1 = scaled(x[3], -4.25f, hn::Add(x[1], x[5]));
    const VecF32 even2 = scaled(x[2], 0.25f, scaled(x[4], -1.25f, x[6]));
    const VecF32 odd2 = scaled(x[1], 0.25f, scaled(x[3], -1.25f, x[5]));
    const VecF32 even3 = scaled(x[2], 4, scaled(x[4], -5, x[6]));
    const VecF32 odd3 = scaled(x[1], 4, scaled(x[3], -5, x[5]));
    y[0] = scaled(hn::Sub(x[4], x[2]), 5.25f, hn::Sub(x[0], x[6]));
    y[1] = hn::Add(even1, odd1);
    y[2] = hn::Sub(even1, odd1);
    y[3] = scaled(odd2, 2, even2);
    y[4] = scaled(odd2, -2, even2);
    y[5] = scaled(odd3, 0.5f, even3);
    y[6] = scaled(odd3, -0.5f, even3);
    y[7] = scaled(hn::Sub(x[3], x[5]), 5.25f, hn::Sub(x[7], x[1]));
  }
}

// y = A^T x, from m + 2 to m values.
template <int m>
HWY_INLINE void output_transform(const VecF32* x, VecF32* y) {
  const VecF32 sum1 = hn::Add(x[1], x[2]), difference1 = hn::Sub(x[1], x[2]);
  if constexpr (m == 2) {
    y[0] = hn::Add(x[0], sum1);
    y[1] = hn::Sub(difference1, x[3]);
  } else if constexpr (m == 4) {
    const VecF32 sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
    y[0] = hn::Add(x[0], hn::Add(sum1, sum2));
    y[1] = scaled(difference2, 2, difference1);
    y[2] = scaled(sum2, 4, sum1);
    y[3] = hn::Add(x[5], scaled(difference2, 8, difference1));
  } else {
    static_assert(m == 6);
    const VecF32 sum2 = hn::Add(x[3], x[4]), difference2 = hn::Sub(x[3], x[4]);
    const VecF32 sum3 = hn::Add(x[5], x[6]), difference3 = hn::Sub(x[5], x[6]);
    y[0] = hn::Add(hn::Add(x[0], sum1), hn::Add(sum2, sum3));
    y[1] = scaled(difference3, 0.5f, scaled(difference2, 2, difference1));
    y[2] = scaled(sum3, 0.25f, scaled(sum2, 4, sum1));
    y[3] = scaled(difference3, 0.125f, scaled(difference2, 8, difference1));
    y[4] = scaled(sum3, 0.0625f, scaled(sum2, 16, sum1));
    y[5] = hn::Add(x[7], scaled(difference3, 0.03125f, scaled(difference2, 32, difference1)));
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // OARLOCK_KERNELS_CPU_WINOGRAD_TRANSFORM_INL_H_
