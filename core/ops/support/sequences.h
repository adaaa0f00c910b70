#pragma once

#include "oarlock/plugin/op.h"

namespace oarlock::ops {

// That input i is a sequence whose element type is known.
inline Status check_sequence(const InferContext& c, size_t i) {
  const TypeInfo& type = c.input(i);
  if (type.kind == TypeInfo::Kind::sequence && type.element) return {};
  return invalid("input ", i, " is ", type, ", expected a sequence");
}

inline Result<const Sequence*> sequence_input(RunContext& c, size_t i) {
  const Value& value = c.input_value(i);
  if (value.is_sequence()) return &value.sequence();
  return invalid("input ", i, " is ", value.empty() ? "empty" : "no sequence",
                 ", expected a sequence");
}

}  // namespace oarlock::ops
