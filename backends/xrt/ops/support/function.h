#pragma once

#include <string>
#include <vector>

#include "backends/xrt/launch.h"
#include "kernels/fpga/function.h"
#include "oarlock/plugin/activation.h"

namespace oarlock::xrt {

// A function of one number as kernels take it.
struct Function {
  int kind = FPGA_NONE;
  float alpha = 0, beta = 0;
  float low = 0, high = 0;  // of the table
  float low_slope = 0, high_slope = 0;
  const char* table = nullptr;               // its name, when there is one
  std::vector<float> (*values)() = nullptr;  // of the table
};

// Refuses, with the reason, what kernels do not have.
Result<Function> function_of(const Activation& activation);
// The function of an element-wise node of one input.
Result<Function> function_of(const NodeView& node);
// The fused activation of a node of domain "oarlock"; none in other domains.
Result<Function> fused_function(const NodeView& node);
// 2^f, for kernels that need exp.
Function exponential();

void set_function(Parameters& parameters, int at, const Function& function);
Result<Launch::Argument> table_argument(XrtDevice& device, const Function& function);

}  // namespace oarlock::xrt
