#pragma once

#include <cmath>
#include <limits>
#include <type_traits>

namespace oarlock::ops {

// A double as T. Integers: truncated; what is out of range becomes the nearest limit, NaN 0.
template <class T>
T saturated(double value) {
  if constexpr (std::is_integral_v<T>) {
    if (std::isnan(value)) return 0;
    const double limit = std::ldexp(1.0, std::numeric_limits<T>::digits);
    if (value >= limit) return std::numeric_limits<T>::max();
    if (value <= (std::is_signed_v<T> ? -limit : 0.0)) return std::numeric_limits<T>::min();
  }
  return static_cast<T>(value);
}

}  // namespace oarlock::ops
