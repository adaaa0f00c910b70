// A backend built for another version of the plugin interface.
#include "oarlock/plugin/backend.h"

extern "C" const oarlock::Backend* oarlock_backend_wrong_abi() {
  static const oarlock::Backend backend{.abi = oarlock::kBackendAbi + 1, .name = "wrong_abi"};
  return &backend;
}
