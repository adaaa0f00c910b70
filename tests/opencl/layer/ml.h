#pragma once

#include <CL/cl.h>
#include <CL/cl_icd.h>

#include <span>
#include <string_view>

namespace oarlock::test {

// operations.cl.
struct EmbeddedSource {
  std::string_view name, text;
};
std::span<const EmbeddedSource> embedded_sources();  // generated

// An entry point of the stand-in for OpenCL ML, which computes through the functions below the
// layer; nullptr for other names.
void* ml_entry(const char* name, const cl_icd_dispatch* below);

}  // namespace oarlock::test
