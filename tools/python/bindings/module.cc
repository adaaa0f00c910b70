#include "oarlock/session.h"
#include "tools/python/bindings/bindings.h"
#include "tools/python/bindings/fpga.h"

NB_MODULE(_native, module) {
  using namespace oarlock::python;
  module.def("version", &oarlock::version);
  add_custom_op(module);
  add_tensor(module);
  add_model(module);
  add_session(module);
  add_fpga(module);
}
