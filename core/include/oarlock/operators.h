#pragma once

#include <string>
#include <vector>

#include "oarlock/session.h"

namespace oarlock {

// An operator that models may contain.
struct OperatorSummary {
  std::string domain;  // "" for ai.onnx
  std::string name;
  int since_version = 1;    // opset in which its newest meaning began
  bool decomposed = false;  // becomes other operators; else there is a reference implementation
  std::vector<std::string> backends;  // those with kernels of their own, for some types and shapes
};

// The operators of core, of the backends that `options` finds, and those of register_op(), by
// domain and name. A backend need not have a device here.
Result<std::vector<OperatorSummary>> list_operators(const SessionOptions& options = {});

}  // namespace oarlock
