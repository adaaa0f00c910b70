#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oarlock/tensor.h"

namespace oarlock::cli {

// How far two values are apart.
struct Difference {
  bool comparable = true;  // same kinds, types, shapes
  std::string why;         // when not comparable
  double absolute = 0;     // largest |a - b|; infinite where only one is NaN or infinite
  double scaled = 0;       // that, divided by the largest finite |b| (1 when b is all zero)
  int64_t at = 0;          // row-major index of the largest

  bool beyond(double tolerance) const { return !comparable || !(scaled <= tolerance); }
};

// `b` is the reference. NaN equals NaN, infinities equal themselves. Text differs by 0 or 1.
Difference difference(const Value& a, const Value& b);

// Elements of a numeric tensor as doubles (complex: magnitudes are not taken, parts follow one
// another); empty for strings.
std::vector<double> as_doubles(const Tensor& tensor);

}  // namespace oarlock::cli
