#include "core/ops/support/fourier.h"

#include <bit>
#include <numbers>

namespace oarlock::ops {

namespace {

using Complex = std::complex<double>;

constexpr int64_t kMostSummed = 64;  // odd factors up to this are summed up directly

// `roots` are the n-th roots of unity, `step` apart; even sizes are halved, odd ones summed up.
void transform(const Complex* from, int64_t stride, Complex* to, int64_t n, const Complex* roots,
               int64_t step) {
  if (n == 1) {
    to[0] = from[0];
    return;
  }
  if (n % 2 != 0) {
    for (int64_t k = 0; k < n; ++k) {
      Complex sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += from[i * stride] * roots[i * k % n * step];
      to[k] = sum;
    }
    return;
  }
  const int64_t half = n / 2;
  transform(from, 2 * stride, to, half, roots, 2 * step);
  transform(from + stride, 2 * stride, to + half, half, roots, 2 * step);
  for (int64_t k = 0; k < half; ++k) {
    const Complex even = to[k];
    const Complex odd = to[k + half] * roots[k * step];
    to[k] = even + odd;
    to[k + half] = even - odd;
  }
}

// exp(sign * 2 pi i * k / n).
Complex root(int64_t k, int64_t n, int sign) {
  return std::polar(1.0,
                    sign * 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
}

void halving_transform(std::vector<Complex>& data, int sign) {
  const int64_t n = static_cast<int64_t>(data.size());
  std::vector<Complex> roots(data.size());
  for (int64_t k = 0; k < n; ++k) roots[k] = root(k, n, sign);
  const std::vector<Complex> from = data;
  transform(from.data(), 1, data.data(), n, roots.data(), 1);
}

// Any size as a convolution with a chirp, whose size is a power of two (Bluestein 1970).
void chirp_transform(std::vector<Complex>& data, int sign) {
  const int64_t n = static_cast<int64_t>(data.size());
  const size_t size = std::bit_ceil(static_cast<size_t>(2 * n - 1));
  std::vector<Complex> chirp(data.size());
  for (int64_t k = 0; k < n; ++k) chirp[k] = root(k * k % (2 * n), 2 * n, sign);
  std::vector<Complex> a(size, 0), b(size, 0);
  for (int64_t k = 0; k < n; ++k) a[k] = data[k] * chirp[k];
  for (int64_t k = 0; k < n; ++k) b[k] = b[(size - k) % size] = std::conj(chirp[k]);
  halving_transform(a, -1);
  halving_transform(b, -1);
  for (size_t k = 0; k < size; ++k) a[k] *= b[k];
  halving_transform(a, 1);
  for (int64_t k = 0; k < n; ++k) data[k] = a[k] * chirp[k] / static_cast<double>(size);
}

}  // namespace

void fourier_transform(std::vector<Complex>& data, bool inverse) {
  if (data.empty()) return;
  const int64_t n = static_cast<int64_t>(data.size());
  const int64_t odd = n >> std::countr_zero(static_cast<uint64_t>(n));
  const int sign = inverse ? 1 : -1;
  if (odd > kMostSummed) {
    chirp_transform(data, sign);
  } else {
    halving_transform(data, sign);
  }
  if (!inverse) return;
  for (Complex& value : data) value /= static_cast<double>(n);
}

}  // namespace oarlock::ops
