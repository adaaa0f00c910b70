// What the package does in a build without XRT.
#include "tools/python/bindings/fpga.h"

namespace oarlock::python {

std::unique_ptr<FpgaSteps> listen_to_fpga() { return nullptr; }
void add_fpga(nb::module_&) {}

}  // namespace oarlock::python
