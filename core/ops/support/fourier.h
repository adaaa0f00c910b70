#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace oarlock::ops {

// The discrete Fourier transform of n = data.size() numbers, in place; `inverse` also divides by n.
void fourier_transform(std::vector<std::complex<double>>& data, bool inverse);

}  // namespace oarlock::ops
