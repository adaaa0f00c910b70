#include "tests/unit/kernels/fpga/runner.h"

namespace oarlock::kernels::fpga::test {

std::unique_ptr<Runner> opencl_runner(std::string& why) {
  why = "built without OpenCL";
  return nullptr;
}

}  // namespace oarlock::kernels::fpga::test
