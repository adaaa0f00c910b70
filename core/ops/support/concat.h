#pragma once

#include <algorithm>

#include "core/ops/support/arguments.h"
#include "core/ops/support/units.h"

namespace oarlock::ops {

// Lengthens `shape` along `axis` by input `index` of shape `next`; other extents must agree, and
// an unknown one takes the value of the other.
Status append_along(Shape& shape, const Shape& next, size_t axis, size_t index);

// Writes tensors input(0) .. input(count - 1) one after the other along `axis` of `y`.
template <class Input>
Status concatenate(size_t count, Input&& input, size_t axis, Tensor& y) {
  const int64_t outer = product(y.shape(), 0, axis);
  const int64_t row = product(y.shape(), axis, y.shape().rank());
  OARLOCK_ASSIGN(Units target, Units::write(y));
  int64_t offset = 0;
  for (size_t n = 0; n < count; ++n) {
    const Tensor& x = input(n);
    if (x.elements() == 0) continue;
    const int64_t length = product(x.shape(), axis, x.shape().rank());
    OARLOCK_ASSIGN(const Units source, Units::read(x));
    OARLOCK_TRY(visit_units(y.dtype(), [&](auto tag) {
      using T = typename decltype(tag)::Type;
      const T* from = source.data<T>();
      T* to = target.template data<T>() + offset;
      for (int64_t i = 0; i < outer; ++i) std::copy_n(from + i * length, length, to + i * row);
    }));
    offset += length;
  }
  target.finish();
  return {};
}

}  // namespace oarlock::ops
