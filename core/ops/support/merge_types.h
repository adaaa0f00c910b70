#pragma once

#include "oarlock/type_info.h"

namespace oarlock::ops {

// What is certain about a value that has one of two types: differing extents become unknown,
// differing ranks an unknown rank, differing kinds an unknown type.
TypeInfo merge_types(const TypeInfo& a, const TypeInfo& b);

}  // namespace oarlock::ops
