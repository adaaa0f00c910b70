// Spectra of two lines of real numbers at once: one line is the real part, the other the imaginary
// part of the numbers that are transformed. Included once per instruction set.
#if defined(OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#undef OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#else
#define OARLOCK_KERNELS_CPU_FOURIER_LINES_INL_H_
#endif

#include "kernels/cpu/fourier_stages-inl.h"
#include "kernels/cpu/fourier_tiling.h"
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

HWY_INLINE void clear_numbers(float* z, int64_t count) {
  const VecF32 zero = hn::Zero(F32());
  for (int64_t i = 0; i < count; ++i) store_complex(F32(), ComplexF32{zero, zero}, z + i * kNumber);
}

// Twice the spectra of the tile's part of two lines of the input, `step` floats between pixels.
// numbers, others: `length` numbers each.
inline void transform_lines(const std::vector<FourierStage<float>>& stages, int64_t length,
                            const FourierTile& tile, const float* line, const float* other_line,
                            int64_t step, float* numbers, float* others, const Spectrum& a,
                            const Spectrum& b) {
  const F32 d;
  clear_numbers(numbers, tile.left);
  float* z = numbers + tile.left * kNumber;
  for (int64_t i = tile.first_pixel; i < tile.first_pixel + tile.pixels; ++i, z += kNumber)
    store_complex(d, ComplexF32{hn::LoadU(d, line + i * step), hn::LoadU(d, other_line + i * step)},
                  z);
  clear_numbers(z, length - tile.left - tile.pixels);
  split_spectrum(run_stages(d, stages, numbers, others), length, a, b);
}

// Where a line of results goes.
struct LineOutput {
  int64_t count, step;    // floats from one to the next
  const float* bias;      // a vector, or null
  const float* residual;  // like the output, or null
  float* output;

  LineOutput moved(int64_t floats) const {
    return {count, step, bias, residual ? residual + floats : nullptr, output + floats};
  }
};

// Of numbers the real parts, which begin at z, or the imaginary ones.
template <class F>
HWY_INLINE void emit_line(const float* z, const LineOutput& to, const F& activate) {
  const F32 d;
  const VecF32 bias = to.bias ? hn::LoadU(d, to.bias) : hn::Zero(d);
  for (int64_t i = 0; i < to.count; ++i, z += kNumber) {
    VecF32 sum = hn::Add(hn::LoadU(d, z), bias);
    if (to.residual) sum = hn::Add(sum, hn::LoadU(d, to.residual + i * to.step));
    hn::StoreU(activate(sum), d, to.output + i * to.step);
  }
}

}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
