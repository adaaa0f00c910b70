#pragma once

#include <span>

#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// The kernels "qcom_ml/..." of OpenCL ML (extension cl_qcom_ml_ops), which run its operators in the
// context and queue of the ordinary ones; none in a build without the vendor's header.
std::span<const KernelDef> vendor_kernels();

}  // namespace oarlock::opencl
