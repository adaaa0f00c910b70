#include "oarlock/plugin/backend.h"

#include <memory>

#include "backends/opencl/device.h"

namespace oarlock::opencl {

std::span<const KernelDef> all_kernels();  // generated

namespace {

Result<DeviceList> open(const DeviceOptions& options) {
  OARLOCK_ASSIGN(std::vector<FoundDevice> found, find_devices());
  DeviceList devices;
  for (FoundDevice& device : found)
    devices.push_back(
        std::make_shared<ClDevice>(std::move(device), BinaryStore::from(options.settings)));
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
