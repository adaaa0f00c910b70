#pragma once

#include <map>
#include <string>
#include <string_view>

#include "backends/xrt/emulator/emulator.h"
#include "oarlock/status.h"

namespace oarlock::xrt {

// Which driver XRT uses in this process, decided once: where XILINX_XRT is set, the one installed
// there; else the emulated device, whose files lie beside this library.
inline constexpr std::string_view kCard = "card";
struct Driver {
  bool emulated = false;
  std::string kind{kCard};  // or "emulated", or what XCL_EMULATION_MODE says
  const xrt_emulator::Emulator* emulator = nullptr;
  std::string folder;  // of this library
};
// Before this has been called nothing of XRT may be used. Unavailable, with the reason, where
// neither can be had.
Result<const Driver*> driver();

// The xclbin to load: the setting xrt.xclbin, the environment variable OARLOCK_XCLBIN, the one for
// emulation beside the library; else the first .xclbin of the folder that the setting
// xrt.xclbin.path or the environment variable OARLOCK_XCLBIN_PATH names.
Result<std::string> choose_xclbin(const Driver& driver,
                                  const std::map<std::string, std::string>& settings);

}  // namespace oarlock::xrt
