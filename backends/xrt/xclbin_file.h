#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oarlock/status.h"

namespace oarlock::xrt {

// What an xclbin says of itself, read and checked without XRT.
struct XclbinFile {
  std::string path, platform;
  bool for_emulation = false;
  uint16_t clock_mhz = 0;  // 0: not said
  struct Bank {
    std::string name;
    uint64_t kib = 0;
  };
  std::vector<Bank> banks;                 // those in use
  std::vector<std::string> compute_units;  // "oarlock_gemm:oarlock_gemm_1"
};

// Refuses a file that is missing, cut off, or no xclbin.
Result<XclbinFile> read_xclbin_file(const std::string& path);

}  // namespace oarlock::xrt
