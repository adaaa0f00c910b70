#include "core/ops/support/types.h"

namespace oarlock::ops {

Status check_tensor(const InferContext& c, size_t i) {
  if (!c.has_input(i)) return invalid("input ", i, " is missing");
  if (!c.input(i).is_tensor()) {
    return invalid("input ", i, " is ", c.input(i), ", expected a tensor");
  }
  return {};
}

Status wrong_type(const InferContext& c, size_t i, std::string_view expected) {
  return invalid("input ", i, " is ", c.dtype(i), ", expected one of: ", expected);
}

Status check_same_types(const InferContext& c, size_t first) {
  for (size_t i = first; i < c.input_count(); ++i) {
    if (!c.has_input(i)) continue;
    OARLOCK_TRY(check_tensor(c, i));
    if (c.dtype(i) != c.dtype(0)) {
      return invalid("input ", i, " is ", c.dtype(i), ", expected ", c.dtype(0), " like input 0");
    }
  }
  return {};
}

}  // namespace oarlock::ops
