#pragma once
// Discrete Fourier transforms of several lines at once: stages, and any length in double precision.

#include <cstdint>
#include <vector>

namespace oarlock::kernels::cpu {

// One stage of a transform: factor `radix` of the length, between the products of the factors
// before and after it. T: float or double.
template <class T>
struct FourierStage {
  int64_t radix = 2, before = 1, after = 1;
  std::vector<T> roots;  // cosine, sine: `radix` for each of `before`; then radix * radix
};

// Of a length whose prime factors are at most Fourier::kMostDirect, positive. Not scaled.
template <class T>
std::vector<FourierStage<T>> fourier_stages(int64_t n, bool inverse);

// Tables for one length. Lengths whose prime factors are at most kMostDirect go through stages of
// those; others become a convolution with a chirp, whose length is a power of two (Bluestein 1970).
class Fourier {
 public:
  static constexpr int64_t kMostDirect = 13;

  Fourier() = default;
  // n is positive. The inverse transform divides by n.
  Fourier(int64_t n, bool inverse);

  int64_t length() const { return n_; }
  // Doubles that transform() works on.
  int64_t workspace() const;
  // Transforms lanes() lines. Number k of line l is at data[(2 * k) * lanes() + l], its imaginary
  // part lanes() later; `data` is the workspace's beginning, and holds the results afterwards.
  void transform(double* data) const;
  // Lines that are transformed together on the running machine.
  static int64_t lanes();

 private:
  int64_t n_ = 1, size_ = 1;  // size_: of the transform by stages
  bool inverse_ = false;
  std::vector<FourierStage<double>> stages_;
  std::vector<double> chirp_, spectrum_;  // Bluestein: n_, size_ numbers
};

}  // namespace oarlock::kernels::cpu
