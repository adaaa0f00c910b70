#include "core/ops/support/fourier.h"

#include <numbers>

namespace oarlock::ops {

namespace {

using Complex = std::complex<double>;

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

}  // namespace

void fourier_transform(std::vector<Complex>& data, bool inverse) {
  const int64_t n = static_cast<int64_t>(data.size());
  if (n == 0) return;
  std::vector<Complex> roots(data.size());
  const double unit = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(n);
  for (int64_t k = 0; k < n; ++k) roots[k] = std::polar(1.0, unit * static_cast<double>(k));
  const std::vector<Complex> from = data;
  transform(from.data(), 1, data.data(), n, roots.data(), 1);
  if (!inverse) return;
  for (Complex& value : data) value /= static_cast<double>(n);
}

}  // namespace oarlock::ops
