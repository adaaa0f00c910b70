#include "oarlock/plugin/backend.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backends/opencl/clblast/clblast.h"
#include "backends/opencl/device.h"
#include "backends/opencl/image/kernels.h"
#include "backends/opencl/ml/vendor.h"

namespace oarlock::opencl {

std::span<const KernelDef> all_kernels();  // generated

namespace {

Result<DeviceList> open(const DeviceOptions& options) {
  OARLOCK_ASSIGN(const Settings settings, Settings::from(options.settings));
  OARLOCK_ASSIGN(std::vector<FoundDevice> found, find_devices());
  DeviceList devices;
  for (FoundDevice& device : found)
    if (device.traits.fp16 || !settings.half_arithmetic)
      devices.push_back(std::make_shared<ClDevice>(std::move(device), settings));
  if (devices.empty())
    return unavailable("arithmetic=float16, but ", found.front().name, " (",
                       found.front().description,
                       ") has no cl_khr_fp16; storage=float16 alone needs none");
  return devices;
}

// The kernel, which refuses operators that the session leaves to other devices.
KernelDef unless_left_out(KernelDef def) {
  def.match = [match = std::move(def.match)](const NodeView& node,
                                             const Device& device) -> Result<KernelNeeds> {
    const std::set<std::string>& without = cl_device(device).settings().without;
    if (!without.empty() && without.contains(node.node().op))
      return unsupported("opencl.without names ", node.node().op);
    return match(node, device);
  };
  return def;
}

// Those of libraries are preferred where they take a node, then those on images.
std::span<const KernelDef> kernels() {
  static const std::vector<KernelDef> list = [] {
    std::vector<KernelDef> all;
    for (const auto& each : {vendor_kernels(), clblast_kernels(), image_kernels(), all_kernels()})
      for (const KernelDef& def : each) all.push_back(unless_left_out(def));
    return all;
  }();
  return list;
}

}  // namespace
}  // namespace oarlock::opencl

extern "C" const oarlock::Backend* oarlock_backend_opencl();

extern "C" const oarlock::Backend* oarlock_backend_opencl() {
  static const oarlock::Backend backend = {
      .name = "opencl", .open = oarlock::opencl::open, .kernels = oarlock::opencl::kernels};
  return &backend;
}
