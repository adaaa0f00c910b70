#include "core/ops/support/strided_loop.h"

namespace oarlock::ops {

Shape broadcast_strides(const Shape& from, const Shape& to) {
  Shape strides(to.rank());
  int64_t stride = 1;
  const size_t missing = to.rank() - from.rank();
  for (size_t i = from.rank(); i-- > 0;) {
    if (from[i] != 1) strides[missing + i] = stride;
    stride *= from[i];
  }
  return strides;
}

}  // namespace oarlock::ops
