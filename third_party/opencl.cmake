# OpenCL: the loader of installed drivers, headers and C++ bindings: target OpenCL::OpenCL.
set(opencl_HINT "OpenCL >= 1.2 with opencl.hpp (apt: ocl-icd-opencl-dev opencl-clhpp-headers)")
find_package(OpenCL 1.2 QUIET)
find_path(OARLOCK_OPENCL_HPP CL/opencl.hpp HINTS ${OpenCL_INCLUDE_DIRS})
set(opencl_FOUND OFF)
if(TARGET OpenCL::OpenCL AND OARLOCK_OPENCL_HPP)
  set(opencl_FOUND ON)
endif()
