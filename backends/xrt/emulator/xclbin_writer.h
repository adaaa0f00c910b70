#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/fpga/table.h"

namespace oarlock::xrt_emulator {

// What an xclbin for the emulated device says of its platform.
struct Platform {
  std::string name = "oarlock_emulated_1";
  uint16_t clock_mhz = 300;
  uint64_t bank_mib = 4096;                  // of each of two banks
  std::map<std::string, int> compute_units;  // by kernel; others have one, and all with streams
};

// An xclbin as XRT reads it: `library` is the shared library of the kernels, compiled for the host,
// and `table` what it tells of them. Tensors lie in the first bank, parameter blocks in the second.
// The same input gives the same bytes.
std::vector<char> make_xclbin(const std::vector<char>& library, const kernels::fpga::Table& table,
                              const Platform& platform);

}  // namespace oarlock::xrt_emulator
