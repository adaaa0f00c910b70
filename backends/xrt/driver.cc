#include "backends/xrt/driver.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace oarlock::xrt {

namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&driver), &info) == 0 || info.dli_fname == nullptr)
    return "";
  std::error_code ignored;
  return fs::weakly_canonical(info.dli_fname, ignored).parent_path().string();
}

Result<Driver> find_driver() {
  Driver found;
  found.folder = own_folder();
  if (!environment("XILINX_XRT").empty()) {
    if (const std::string mode = environment("XCL_EMULATION_MODE"); !mode.empty())
      found.kind = mode;
    return found;
  }
  found.kind = "emulated";
  const std::string library = found.folder + "/liboarlock_xrt_emulator.so";
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr)
    return unavailable("XILINX_XRT is not set, so no card is used, and the emulated device cannot ",
                       "be loaded: ", dlerror());
  const auto entry =
      reinterpret_cast<const xrt_emulator::Emulator* (*)()>(dlsym(handle, "oarlock_xrt_emulator"));
  if (entry == nullptr || entry()->version != xrt_emulator::kEmulatorVersion)
    return unavailable(library, " belongs to another version of oarlock");
  found.emulator = entry();
  found.emulated = true;
  const std::string worker = found.folder + "/oarlock_xrt_worker";
  if (const char* const error = found.emulator->start(worker.c_str())) return unavailable(error);
  return found;
}

}  // namespace

Result<const Driver*> driver() {
  static const Result<Driver> found = find_driver();
  if (!found.ok()) return found.status();
  return &*found;
}

Result<std::string> choose_xclbin(const Driver& driver,
                                  const std::map<std::string, std::string>& settings) {
  const auto wanted = [&](const char* setting, const char* variable) {
    const auto found = settings.find(setting);
    return found != settings.end() ? found->second : environment(variable);
  };
  if (std::string path = wanted("xrt.xclbin", "OARLOCK_XCLBIN"); !path.empty()) return path;
  if (driver.emulated) return driver.folder + "/oarlock_emulated.xclbin";
  const std::string folder = wanted("xrt.xclbin.path", "OARLOCK_XCLBIN_PATH");
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator i(folder, error), end; !error && i != end; i.increment(error))
    if (i->path().extension() == ".xclbin") found.push_back(i->path().string());
  if (found.empty())
    return unavailable("no xclbin is chosen for the card; name one with the setting xrt.xclbin or ",
                       "the environment variable OARLOCK_XCLBIN, or a folder of them with ",
                       "OARLOCK_XCLBIN_PATH");
  return *std::min_element(found.begin(), found.end());
}

}  // namespace oarlock::xrt
