#pragma once
// The C++ bindings of OpenCL 1.2 without exceptions, and how their errors become a Status.

#define CL_HPP_TARGET_OPENCL_VERSION 120
#define CL_HPP_MINIMUM_OPENCL_VERSION 120
#include <CL/opencl.hpp>
#include <string>
#include <string_view>

#include "oarlock/status.h"

namespace oarlock::opencl {

// "CL_OUT_OF_RESOURCES"; unknown codes as "OpenCL error -1234".
std::string error_name(cl_int code);

// The Status of a failed call: out_of_memory, unavailable or internal, with the error's name.
Status failure(cl_int code, std::string_view doing);

// Ok, or the failure of what was being done.
inline Status check(cl_int code, std::string_view doing) {
  return code == CL_SUCCESS ? Status() : failure(code, doing);
}

// A string of OpenCL without the zeros and blanks at its end.
std::string trimmed(std::string text);

}  // namespace oarlock::opencl
