#pragma once

#include <vector>

#include "op_test.h"

namespace oarlock::test {

// Element i is ((i * step) % modulus - modulus / 2) / 4: exact in every float type, never constant.
template <class T = float>
Tensor ramp(const Shape& shape, int64_t step = 7, int64_t modulus = 11) {
  std::vector<T> elements(static_cast<size_t>(*shape.elements()));
  for (size_t i = 0; i < elements.size(); ++i) {
    const int64_t position = static_cast<int64_t>(i) * step % modulus - modulus / 2;
    elements[i] = static_cast<T>(static_cast<float>(position) / 4);
  }
  return Tensor::of<T>(shape, std::span<const T>(elements));
}

}  // namespace oarlock::test
