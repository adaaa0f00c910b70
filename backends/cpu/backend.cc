#include "oarlock/plugin/backend.h"

#include "backends/cpu/device.h"
#include "backends/cpu/fused_ops.h"

namespace oarlock::cpu {

std::span<const KernelDef> all_kernels();
std::span<const Rule> all_rules();

namespace {

Result<DeviceList> open(const DeviceOptions& options) {
  OARLOCK_ASSIGN(DevicePtr device, CpuDevice::open(options));
  return DeviceList{std::move(device)};
}

}  // namespace
}  // namespace oarlock::cpu

extern "C" const oarlock::Backend* oarlock_backend_cpu();

extern "C" const oarlock::Backend* oarlock_backend_cpu() {
  static const oarlock::Backend backend = {.name = "cpu",
                                           .open = oarlock::cpu::open,
                                           .kernels = oarlock::cpu::all_kernels,
                                           .rules = oarlock::cpu::all_rules,
                                           .ops = oarlock::cpu::fused_ops};
  return &backend;
}
