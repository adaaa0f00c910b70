#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "oarlock/plugin/backend.h"
#include "oarlock/session.h"

namespace oarlock {

// A device of a session with the kernels and rules of its backend.
struct PlacedDevice {
  DevicePtr device;
  const Backend* backend = nullptr;  // null: the reference device
  // By operator ("Conv", "oarlock.Conv"), best first.
  std::map<std::string, std::vector<const KernelDef*>, std::less<>> kernels;

  const DeviceInfo& info() const { return device->info(); }
  bool is_reference() const { return backend == nullptr; }
  std::span<const KernelDef* const> kernels_for(const Node& node) const;
};

// The devices of a session in order of preference, the reference device last; fixed after opening.
struct DeviceTable {
  std::vector<PlacedDevice> devices;
  OpRegistry ops;

  const PlacedDevice& operator[](size_t i) const { return devices[i]; }
  size_t size() const { return devices.size(); }
  int reference() const { return static_cast<int>(devices.size()) - 1; }
  // Devices of one memory use one arena: that of the first of them.
  int arena(int device) const {
    for (int d = 0; d < device; ++d)
      if (same_memory(d, device)) return d;
    return device;
  }
  bool same_memory(int a, int b) const {
    return devices[a].info().memory == devices[b].info().memory;
  }
};

// "Conv", or "oarlock.Conv" with a domain.
std::string qualified_op(const Node& node);

// The device every session has: host memory, every operator, plain loops.
DevicePtr make_reference_device();

// Opens the backends linked in and found as libraries, and keeps the devices the options name.
Result<DeviceTable> open_devices(const SessionOptions& options);

}  // namespace oarlock
