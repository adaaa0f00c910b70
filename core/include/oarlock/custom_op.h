#pragma once

#include "oarlock/plugin/op.h"
#include "oarlock/status.h"

namespace oarlock {

// Operators of the application, for the whole process. docs/custom_operators.md has examples.
//
// Registers `def` for conversions and sessions that begin afterwards; sessions run it on the
// reference device. Needed are a domain (not "" and not "oarlock", whose operators stay as they
// are), a name, and `reference` or `decompose`; without `infer` the types of its outputs are known
// only while running. Another registration of the same name is the one that counts from then on.
//
// The definition and what its functions hold live until the process ends. The functions are called
// from any thread that converts, opens or runs, from several at once if the application does so,
// and also at conversion when all inputs are constant and `def.pure` is set. What they throw
// becomes a Status of code internal. Thread-safe.
Status register_op(OpDef def);

// The operators of core and those registered so far. Thread-safe; the definitions stay valid.
OpRegistry registered_ops();

}  // namespace oarlock
