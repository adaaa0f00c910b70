#include "kernels/cpu/fourier.h"

#include "kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/fourier.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>
#include <utility>

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using F64 = hn::ScalableTag<double>;
using V = hn::Vec<F64>;
constexpr int64_t kLines = static_cast<int64_t>(hn::MaxLanes(F64()));

// A number of every line.
struct Complex {
  V re, im;
};
HWY_INLINE Complex load(const double* x) {
  return {hn::LoadU(F64(), x), hn::LoadU(F64(), x + kLines)};
}
HWY_INLINE void store(Complex v, double* x) {
  hn::StoreU(v.re, F64(), x);
  hn::StoreU(v.im, F64(), x + kLines);
}
HWY_INLINE Complex add(Complex a, Complex b) { return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)}; }
HWY_INLINE Complex sub(Complex a, Complex b) { return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)}; }
// Times the number at w, the same for every line.
HWY_INLINE Complex times(Complex a, const double* w) {
  const V re = hn::Set(F64(), w[0]), im = hn::Set(F64(), w[1]);
  return {hn::NegMulAdd(a.im, im, hn::Mul(a.re, re)), hn::MulAdd(a.re, im, hn::Mul(a.im, re))};
}
// Times the imaginary unit.
HWY_INLINE Complex turned(Complex a) { return {hn::Neg(a.im), a.re}; }

// Of values `before` transformed so far, next to each other `after * radix` apart: result p + q *
// before is the sum over u of roots[p][u] * root(radix, u * q) * value u.
void run_stage(const Fourier::Stage& s, const double* from, double* to) {
  constexpr int64_t kNumber = 2 * kLines;
  const int64_t step = s.after * kNumber;
  const double* matrix = s.roots.data() + 2 * s.before * s.radix;
  const double quarter = matrix[2 * (s.radix + 1) + 1];  // the sign of the second root, for 4
  for (int64_t p = 0; p < s.before; ++p) {
    const double* w = s.roots.data() + 2 * p * s.radix;
    for (int64_t i = 0; i < s.after; ++i) {
      const double* x = from + (p * s.radix * s.after + i) * kNumber;
      double* y = to + (p * s.after + i) * kNumber;
      const int64_t y_step = s.before * step;
      if (s.radix == 2) {
        const Complex a = load(x), b = times(load(x + step), w + 2);
        store(add(a, b), y);
        store(sub(a, b), y + y_step);
      } else if (s.radix == 4) {
        const Complex a = load(x), b = times(load(x + step), w + 2);
        const Complex c = times(load(x + 2 * step), w + 4), d = times(load(x + 3 * step), w + 6);
        const Complex even = add(a, c), odd = sub(a, c), both = add(b, d);
        const Complex turn = turned(quarter < 0 ? sub(d, b) : sub(b, d));
        store(add(even, both), y);
        store(add(odd, turn), y + y_step);
        store(sub(even, both), y + 2 * y_step);
        store(sub(odd, turn), y + 3 * y_step);
      } else {
        Complex values[Fourier::kMostDirect];
        for (int64_t u = 0; u < s.radix; ++u) values[u] = times(load(x + u * step), w + 2 * u);
        for (int64_t q = 0; q < s.radix; ++q) {
          Complex sum = values[0];
          for (int64_t u = 1; u < s.radix; ++u)
            sum = add(sum, times(values[u], matrix + 2 * (q * s.radix + u)));
          store(sum, y + q * y_step);
        }
      }
    }
  }
}

// The transform of numbers at `data`; `other` has room for as many. Returns where the results are.
double* run_stages(const std::vector<Fourier::Stage>& stages, double* data, double* other) {
  for (const Fourier::Stage& stage : stages) {
    run_stage(stage, data, other);
    std::swap(data, other);
  }
  return data;
}

// to[k] = from[k] * factors[k], conjugated if `conjugate`.
void scale(const double* from, const double* factors, int64_t n, bool conjugate, double* to) {
  for (int64_t k = 0; k < n; ++k) {
    Complex v = times(load(from + 2 * kLines * k), factors + 2 * k);
    if (conjugate) v.im = hn::Neg(v.im);
    store(v, to + 2 * kLines * k);
  }
}

int64_t lines() { return kLines; }

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
HWY_EXPORT(lines);
HWY_EXPORT(run_stages);
HWY_EXPORT(scale);

namespace {

// exp(sign * 2 pi i * k / n).
void add_root(std::vector<double>& to, int64_t k, int64_t n, int sign) {
  const double angle =
      sign * 2 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  to.push_back(std::cos(angle));
  to.push_back(std::sin(angle));
}

std::vector<Fourier::Stage> stages_of(int64_t n, int sign) {
  std::vector<Fourier::Stage> stages;
  int64_t before = 1, rest = n;
  while (rest > 1) {
    int64_t radix = rest % 4 == 0 ? 4 : 2;
    while (rest % radix != 0) ++radix;
    rest /= radix;
    Fourier::Stage s;
    s.radix = radix;
    s.before = before;
    s.after = rest;
    for (int64_t p = 0; p < before; ++p)
      for (int64_t u = 0; u < radix; ++u) add_root(s.roots, u * p, before * radix, sign);
    for (int64_t q = 0; q < radix; ++q)
      for (int64_t u = 0; u < radix; ++u) add_root(s.roots, u * q, radix, sign);
    before *= radix;
    stages.push_back(std::move(s));
  }
  return stages;
}

bool is_direct(int64_t n) {
  for (int64_t f = 2; f <= Fourier::kMostDirect; ++f)
    while (n % f == 0) n /= f;
  return n == 1;
}

}  // namespace

int64_t Fourier::lanes() { return HWY_DYNAMIC_DISPATCH(lines)(); }

Fourier::Fourier(int64_t n, bool inverse) : n_(n), size_(n), inverse_(inverse) {
  const int sign = inverse ? 1 : -1;
  if (is_direct(n)) {
    stages_ = stages_of(n, sign);
    return;
  }
  size_ = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * n - 1)));
  stages_ = stages_of(size_, -1);
  // k * k modulo 2 n without overflow.
  for (int64_t k = 0, square = 0; k < n; ++k) {
    add_root(chirp_, square, 2 * n, sign);
    square = (square + 2 * k + 1) % (2 * n);
  }
  // The conjugate chirp's spectrum, divided by the size, for one line among lanes() equal ones.
  const int64_t lanes = Fourier::lanes(), number = 2 * lanes;
  std::vector<double> data(static_cast<size_t>(number * size_)), other(data.size());
  for (int64_t k = 0; k < n; ++k)
    for (const int64_t at : {k, (size_ - k) % size_}) {
      data[static_cast<size_t>(at * number)] = chirp_[static_cast<size_t>(2 * k)];
      data[static_cast<size_t>(at * number + lanes)] = -chirp_[static_cast<size_t>(2 * k + 1)];
    }
  const double* result = HWY_DYNAMIC_DISPATCH(run_stages)(stages_, data.data(), other.data());
  for (int64_t k = 0; k < size_; ++k)
    for (const int64_t part : {int64_t{0}, lanes})
      spectrum_.push_back(result[k * number + part] / static_cast<double>(size_));
}

int64_t Fourier::workspace() const { return 4 * lanes() * size_; }

void Fourier::transform(double* data) const {
  const int64_t number = 2 * lanes();
  double* other = data + number * size_;
  double* result = nullptr;
  if (chirp_.empty()) {
    result = HWY_DYNAMIC_DISPATCH(run_stages)(stages_, data, other);
  } else {
    HWY_DYNAMIC_DISPATCH(scale)(data, chirp_.data(), n_, false, data);
    std::memset(data + number * n_, 0, static_cast<size_t>(number * (size_ - n_)) * sizeof(double));
    // The inverse transform of z is the conjugate of the transform of z's conjugate.
    result = HWY_DYNAMIC_DISPATCH(run_stages)(stages_, data, other);
    HWY_DYNAMIC_DISPATCH(scale)(result, spectrum_.data(), size_, true, result);
    result = HWY_DYNAMIC_DISPATCH(run_stages)(stages_, result, result == data ? other : data);
    for (int64_t k = 0; k < n_; ++k)
      for (int64_t l = 0; l < lanes(); ++l) result[k * number + lanes() + l] *= -1;
    HWY_DYNAMIC_DISPATCH(scale)(result, chirp_.data(), n_, false, result);
  }
  if (inverse_)
    for (int64_t i = 0; i < number * n_; ++i) result[i] /= static_cast<double>(n_);
  if (result != data) std::memcpy(data, result, static_cast<size_t>(number * n_) * sizeof(double));
}
}  // namespace oarlock::kernels::cpu
#endif
