#include "backends/opencl/clblast/clblast.h"

namespace oarlock::opencl {

std::span<const KernelDef> clblast_kernels() { return {}; }

}  // namespace oarlock::opencl
