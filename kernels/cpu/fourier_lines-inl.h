// Spectra of two lines of real numbers at once: one line is the real part, the other the imaginary
// part of the numbers that are transformed. Included once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#undef OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#else
#define OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#endif

#include "kernels/cpu/fourier_stages-inl.h"
#include "kernels/cpu/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {

using ComplexF32 = ComplexLanes<VecF32>;

constexpr int64_t kNumber = 2 * static_cast<int64_t>(kLanes);  // floats of a complex number

// Where the first n / 2 + 1 numbers of a spectrum of a real line are.
struct Spectrum {
  float* at;
  int64_t step;  // from number to number
  int64_t imag;  // from the real to the imaginary part
};
HWY_INLINE void put(const Spectrum& s, int64_t k, VecF32 re, VecF32 im) {
  hn::StoreU(re, F32(), s.at + k * s.step);
  hn::StoreU(im, F32(), s.at + k * s.step + s.imag);
}
HWY_INLINE ComplexF32 get(const Spectrum& s, int64_t k) {
  return {hn::LoadU(F32(), s.at + k * s.step), hn::LoadU(F32(), s.at + k * s.step + s.imag)};
}

// Twice the spectra of the real and of the imaginary parts of the n numbers whose transform is z.
inline void split_spectrum(const float* z, int64_t n, const Spectrum& a, const Spectrum& b) {
  const F32 d;
  const auto single = [&](int64_t k) HWY_ATTR {
    const ComplexF32 v = load_complex(d, z + k * kNumber);
    put(a, k, hn::Add(v.re, v.re), hn::Zero(d));
    put(b, k, hn::Add(v.im, v.im), hn::Zero(d));
  };
  single(0);
  for (int64_t k = 1; 2 * k < n; ++k) {
    const ComplexF32 u = load_complex(d, z + k * kNumber);
    const ComplexF32 v = load_complex(d, z + (n - k) * kNumber);
    put(a, k, hn::Add(u.re, v.re), hn::Sub(u.im, v.im));
    put(b, k, hn::Add(u.im, v.im), hn::Sub(v.re, u.re));
  }
  if (n % 2 == 0) single(n / 2);
}

// What becomes, transformed forward, n numbers whose imaginary parts are the line with spectrum a,
// times n, and whose real parts that with spectrum b.
inline void merge_spectra(const Spectrum& a, const Spectrum& b, int64_t n, float* z) {
  const F32 d;
  const auto single = [&](int64_t k) HWY_ATTR {
    store_complex(d, ComplexF32{get(b, k).re, get(a, k).re}, z + k * kNumber);
  };
  single(0);
  for (int64_t k = 1; 2 * k < n; ++k) {
    const ComplexF32 u = get(a, k), v = get(b, k);
    store_complex(d, ComplexF32{hn::Add(u.im, v.re), hn::Sub(u.re, v.im)}, z + k * kNumber);
    store_complex(d, ComplexF32{hn::Sub(v.re, u.im), hn::Add(u.re, v.im)}, z + (n - k) * kNumber);
  }
  if (n % 2 == 0) single(n / 2);
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
