#include "oarlock/plugin/backend.h"

#include <cstdlib>
#include <memory>

#include "backends/opencl/device.h"

namespace oarlock::opencl {

std::span<const KernelDef> all_kernels();  // generated

namespace {

// Seconds for tuning: none unless asked for.
Result<double> tuning_seconds(const std::map<std::string, std::string>& settings) {
  const auto setting = settings.find("tune");
  if (setting == settings.end()) return 0.0;
  char* end = nullptr;
  const double seconds = std::strtod(setting->second.c_str(), &end);
  if (setting->second.empty() || *end != '\0' || !(seconds >= 0 && seconds <= 1e6))
    return invalid("the setting tune is a number of seconds, not '", setting->second, "'");
  return seconds;
}

Result<DeviceList> open(const DeviceOptions& options) {
  OARLOCK_ASSIGN(const double seconds, tuning_seconds(options.settings));
  OARLOCK_ASSIGN(std::vector<FoundDevice> found, find_devices());
  DeviceList devices;
  for (FoundDevice& device : found)
    devices.push_back(std::make_shared<ClDevice>(std::move(device),
                                                 BinaryStore::from(options.settings), seconds));
  return devices;
}

}  // namespace
}  // namespace oarlock::opencl

extern "C" const oarlock::Backend* oarlock_backend_opencl();

extern "C" const oarlock::Backend* oarlock_backend_opencl() {
  static const oarlock::Backend backend = {
      .name = "opencl", .open = oarlock::opencl::open, .kernels = oarlock::opencl::all_kernels};
  return &backend;
}
