#include "oarlock/plugin/backend.h"

#include <experimental/xrt_system.h>

#include <charconv>
#include <memory>

#include "backends/xrt/device.h"
#include "backends/xrt/failure.h"
#include "backends/xrt/fused_ops.h"

namespace oarlock::xrt {

std::span<const KernelDef> all_kernels();  // generated
std::span<const Rule> all_rules();         // generated

namespace {

Result<std::chrono::milliseconds> read_timeout(const DeviceOptions& options) {
  const auto setting = options.settings.find("xrt.timeout");
  if (setting == options.settings.end()) return std::chrono::milliseconds(60000);
  const std::string& text = setting->second;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > 86400000)
    return invalid("xrt.timeout=", text, ": expected milliseconds from 1 to 86400000");
  return std::chrono::milliseconds(value);
}

Result<DeviceList> open(const DeviceOptions& options) {
  OARLOCK_ASSIGN(const std::chrono::milliseconds timeout, read_timeout(options));
  OARLOCK_ASSIGN(const Driver* const found, driver());
  unsigned count = 1;
  if (found->kind == kCard) {
    OARLOCK_TRY(guarded("looking for cards", [&] { count = ::xrt::system::enumerate_devices(); }));
    if (count == 0)
      return unavailable("XRT finds no card; unset XILINX_XRT to use the emulated device");
  }
  OARLOCK_ASSIGN(const std::string path, choose_xclbin(*found, options.settings));
  OARLOCK_ASSIGN(const XclbinFile xclbin, read_xclbin_file(path));
  if (found->emulated && !xclbin.for_emulation)
    return invalid("xclbin ", path, " was built for the card ", xclbin.platform,
                   "; the emulated device takes what `oarlock fpga package` writes");
  DeviceList devices;
  for (unsigned i = 0; i < count; ++i)
    devices.push_back(std::make_shared<XrtDevice>(i, *found, xclbin, timeout));
  return devices;
}

}  // namespace
}  // namespace oarlock::xrt

extern "C" const oarlock::Backend* oarlock_backend_xrt();

extern "C" const oarlock::Backend* oarlock_backend_xrt() {
  static const oarlock::Backend backend = {.name = "xrt",
                                           .open = oarlock::xrt::open,
                                           .kernels = oarlock::xrt::all_kernels,
                                           .rules = oarlock::xrt::all_rules,
                                           .ops = oarlock::xrt::fused_ops};
  return &backend;
}
