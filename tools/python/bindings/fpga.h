#pragma once

#include <memory>

#include "tools/python/bindings/bindings.h"

namespace oarlock::python {

// What the steps of a profiled run do on FPGA cards.
class FpgaSteps {
 public:
  virtual ~FpgaSteps() = default;
  // After each step, at once; needs no GIL.
  virtual void end_step() = 0;
  // A dict; None for a step that did nothing on an FPGA.
  virtual nb::object describe(size_t step) const = 0;
};
// Null where there is no such backend.
std::unique_ptr<FpgaSteps> listen_to_fpga();

void add_fpga(nb::module_& module);

}  // namespace oarlock::python
