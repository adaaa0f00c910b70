#pragma once

#include "tests/unit/backends/opencl/one_node.h"

namespace oarlock::opencl {

// Runs every option that the first kernel taking the node offers on the first OpenCL device, each
// input and output in the layout it asks for, and compares all outputs with the reference
// implementation: floats within the tolerance, others exactly. Expects `options` options.
void check_every_option(const OneNode& test, size_t options, size_t outputs = 1);
// Expects that all kernels refuse the node, and one says why.
void check_refused(const OneNode& test);

}  // namespace oarlock::opencl
