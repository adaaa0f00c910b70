// A backend built with another compiler or standard library.
#include "oarlock/plugin/backend.h"

extern "C" const oarlock::Backend* oarlock_backend_wrong_tag() {
  static const oarlock::Backend backend{.build_tag = "c++11 another library", .name = "wrong_tag"};
  return &backend;
}
