#pragma once

#include <string>
#include <vector>

#include "backends/opencl/cl.h"

namespace oarlock::opencl {

// What kernels and their choice depend on, asked once.
struct Traits {
  bool is_cpu = false;
  bool unified_memory = false;  // with the host
  bool fp64 = false;
  bool fp16 = false;  // arithmetic; storage as half is everywhere
  bool images = false;
  size_t compute_units = 1;
  size_t max_work_group = 1;
  size_t max_allocation = 0;
  size_t memory = 0;
  size_t local_memory = 0;
  size_t alignment = 64;                     // of parts of a buffer
  size_t image_width = 0, image_height = 0;  // 2-D
  // Channels in a block of blocked layouts: the widest vector of a CPU, four on others.
  int channel_block = 4;
};

// One device of one driver that is there.
struct FoundDevice {
  cl::Device device;
  std::string name;                  // "opencl:0"
  std::vector<std::string> aliases;  // "opencl:pocl:0", "opencl:cpu:0"
  std::string description;
  std::string platform, platform_version, device_name, device_version, driver;
  Traits traits;

  // What compiled programs and measured times depend on.
  std::string identity() const;
  bool is_pocl() const { return platform == "Portable Computing Language"; }
};

// All devices of all platforms in the loader's order; unavailable, with the reason, when there is
// none.
Result<std::vector<FoundDevice>> find_devices();

}  // namespace oarlock::opencl
