// A backend without hardware, and without anything else.
#include "oarlock/plugin/backend.h"

extern "C" const oarlock::Backend* oarlock_backend_sample() {
  static const oarlock::Backend backend{
      .name = "sample",
      .open = [](const oarlock::DeviceOptions&) -> oarlock::Result<oarlock::DeviceList> {
        return oarlock::unavailable("no sample card is plugged in");
      }};
  return &backend;
}
