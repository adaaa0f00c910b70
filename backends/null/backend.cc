#include "oarlock/plugin/backend.h"

#include <memory>

#include "backends/null/device.h"

namespace oarlock::null {

std::span<const KernelDef> all_kernels();  // generated

namespace {

// The devices present. One that has no hardware here says so with code unavailable. This example
// would be of no use to anybody, so it wants to be asked for.
Result<DeviceList> open(const DeviceOptions& options) {
  const auto setting = options.settings.find("null.open");
  if (setting == options.settings.end() || setting->second != "yes")
    return unavailable("an example without hardware; the setting null.open=yes shows it");
  return DeviceList{std::make_shared<NullDevice>()};
}

}  // namespace
}  // namespace oarlock::null

extern "C" const oarlock::Backend* oarlock_backend_null() {
  static const oarlock::Backend backend = {
      .name = "null",
      .open = oarlock::null::open,
      .kernels = oarlock::null::all_kernels,
  };
  return &backend;
}
