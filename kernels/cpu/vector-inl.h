// The vector type of the kernels with signed lengths, and its partial loads and stores. Included
// once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_VECTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_VECTOR_INL_H_
#undef OARLOCK_KERNELS_CPU_VECTOR_INL_H_
#else
#define OARLOCK_KERNELS_CPU_VECTOR_INL_H_
#endif

#include <cstdint>

#include "kernels/cpu/activation-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

inline constexpr int64_t kStep = static_cast<int64_t>(kLanes);

// The first n < kStep values at x, the rest of the vector holding `fill`.
HWY_INLINE VecF32 load_tail(const float* x, int64_t n, float fill) {
  HWY_ALIGN float lanes[kLanes];
  for (int64_t i = 0; i < kStep; ++i) lanes[i] = i < n ? x[i] : fill;
  return hn::Load(F32(), lanes);
}

HWY_INLINE void store_tail(VecF32 v, float* y, int64_t n) {
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, F32(), lanes);
  for (int64_t i = 0; i < n; ++i) y[i] = lanes[i];
}

// Applies the activation to `rows` rows of `columns` values, in place.
inline void activate_rows(const Activation& activation, float* x, int64_t row_stride, int64_t rows,
                          int64_t columns) {
  if (activation.kind == Activation::Kind::none) return;
  const F32 d;
  with_activation(d, activation, [&](const auto& f) HWY_ATTR {
    for (int64_t i = 0; i < rows; ++i)
      map_f32(d, f, x + i * row_stride, x + i * row_stride, static_cast<size_t>(columns));
  });
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
