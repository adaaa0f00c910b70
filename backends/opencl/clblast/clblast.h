#pragma once

#include <span>

#include "oarlock/plugin/kernel.h"

namespace oarlock::opencl {

// The kernel "clblast/gemm" for products of float32 matrices: CLBlast in the context and queue of
// the ordinary kernels. It takes the nodes on which `oarlock tune` has measured it to be faster
// than the ordinary kernel; all it can with opencl.clblast=on, none with opencl.clblast=off. The
// list is empty in a build without CLBlast's header.
std::span<const KernelDef> clblast_kernels();

}  // namespace oarlock::opencl
