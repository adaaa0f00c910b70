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

#include "kernels/cpu/fourier_stages-inl.h"

HWY_BEFORE_NAMESPACE();
namespace oarlock::kernels::cpu::HWY_NAMESPACE {
namespace {
using F64 = hn::ScalableTag<double>;
constexpr int64_t kLines = static_cast<int64_t>(hn::MaxLanes(F64()));

double* run_double_stages(const std::vector<FourierStage<double>>& stages, double* data,
                          double* other) {
  return run_stages(F64(), stages, data, other);
}

// to[k] = from[k] * factors[k], conjugated if `conjugate`.
void scale(const double* from, const double* factors, int64_t n, bool conjugate, double* to) {
  for (int64_t k = 0; k < n; ++k) {
    auto v = times(load_complex(F64(), from + 2 * kLines * k), hn::Set(F64(), factors[2 * k]),
                   hn::Set(F64(), factors[2 * k + 1]));
    if (conjugate) v.im = hn::Neg(v.im);
    store_complex(F64(), v, to + 2 * kLines * k);
  }
}

int64_t lines() { return kLines; }

}  // namespace
}  // namespace oarlock::kernels::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace oarlock::kernels::cpu {
OARLOCK_EXPORT(lines);
OARLOCK_EXPORT(run_double_stages);
OARLOCK_EXPORT(scale);

namespace {

// exp(sign * 2 pi i * k / n).
template <class T>
void add_root(std::vector<T>& to, int64_t k, int64_t n, int sign) {
  const double angle =
      sign * 2 * std::numbers::pi * static_cast<double>(k % n) / static_cast<double>(n);
  to.push_back(static_cast<T>(std::cos(angle)));
  to.push_back(static_cast<T>(std::sin(angle)));
}

// Eights and fours as far as they go, then the primes.
int64_t next_radix(int64_t n) {
  const int twos = std::countr_zero(static_cast<uint64_t>(n));
  if (twos >= 2) return twos == 2 || twos == 4 ? 4 : 8;
  int64_t radix = 2;
  while (n % radix != 0) ++radix;
  return radix;
}

bool is_direct(int64_t n) {
  for (int64_t f = 2; f <= Fourier::kMostDirect; ++f)
    while (n % f == 0) n /= f;
  return n == 1;
}

}  // namespace

template <class T>
std::vector<FourierStage<T>> fourier_stages(int64_t n, bool inverse) {
  const int sign = inverse ? 1 : -1;
  std::vector<FourierStage<T>> stages;
  int64_t before = 1, rest = n;
  while (rest > 1) {
    const int64_t radix = next_radix(rest);
    rest /= radix;
    FourierStage<T> s;
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
template std::vector<FourierStage<float>> fourier_stages(int64_t n, bool inverse);
template std::vector<FourierStage<double>> fourier_stages(int64_t n, bool inverse);

int64_t Fourier::lanes() { return OARLOCK_DISPATCH(lines)(); }

Fourier::Fourier(int64_t n, bool inverse) : n_(n), size_(n), inverse_(inverse) {
  const int sign = inverse ? 1 : -1;
  if (is_direct(n)) {
    stages_ = fourier_stages<double>(n, inverse);
    return;
  }
  size_ = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(2 * n - 1)));
  stages_ = fourier_stages<double>(size_, false);
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
  const double* result = OARLOCK_DISPATCH(run_double_stages)(stages_, data.data(), other.data());
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
    result = OARLOCK_DISPATCH(run_double_stages)(stages_, data, other);
  } else {
    OARLOCK_DISPATCH(scale)(data, chirp_.data(), n_, false, data);
    std::memset(data + number * n_, 0, static_cast<size_t>(number * (size_ - n_)) * sizeof(double));
    // The inverse transform of z is the conjugate of the transform of z's conjugate.
    result = OARLOCK_DISPATCH(run_double_stages)(stages_, data, other);
    OARLOCK_DISPATCH(scale)(result, spectrum_.data(), size_, true, result);
    result = OARLOCK_DISPATCH(run_double_stages)(stages_, result, result == data ? other : data);
    for (int64_t k = 0; k < n_; ++k)
      for (int64_t l = 0; l < lanes(); ++l) result[k * number + lanes() + l] *= -1;
    OARLOCK_DISPATCH(scale)(result, chirp_.data(), n_, false, result);
  }
  if (inverse_)
    for (int64_t i = 0; i < number * n_; ++i) result[i] /= static_cast<double>(n_);
  if (result != data) std::memcpy(data, result, static_cast<size_t>(number * n_) * sizeof(double));
}
}  // namespace oarlock::kernels::cpu
#endif
