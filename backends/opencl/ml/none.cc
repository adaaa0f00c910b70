#include "backends/opencl/ml/vendor.h"

namespace oarlock::opencl {

std::span<const KernelDef> vendor_kernels() { return {}; }

}  // namespace oarlock::opencl
