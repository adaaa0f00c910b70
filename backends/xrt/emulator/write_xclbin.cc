// Writes an xclbin for the emulated device:
//   oarlock_write_xclbin kernels.so out.xclbin [kernel=units]...
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "backends/xrt/emulator/xclbin_writer.h"

namespace oarlock::xrt_emulator {

namespace {

int fail(const std::string& what) {
  std::fprintf(stderr, "error: %s\n", what.c_str());
  return 1;
}

int run(int count, char** arguments) {
  if (count < 3) return fail("usage: kernels.so out.xclbin [kernel=units]...");
  Platform platform;
  for (int i = 3; i < count; ++i) {
    const std::string word = arguments[i];
    const size_t equals = word.find('=');
    const int units = equals == std::string::npos ? 0 : std::atoi(word.c_str() + equals + 1);
    if (units < 1 || units > 16) return fail(word + ": expected a kernel and 1 to 16 units");
    platform.compute_units[word.substr(0, equals)] = units;
  }
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return fail(dlerror());
  const auto entry =
      reinterpret_cast<const kernels::fpga::Table* (*)()>(dlsym(library, "oarlock_fpga_kernels"));
  if (entry == nullptr) return fail(std::string(arguments[1]) + " holds no FPGA kernels");
  std::ifstream file(arguments[1], std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const std::vector<char> xclbin = make_xclbin(bytes, *entry(), platform);
  std::ofstream out(arguments[2], std::ios::binary);
  out.write(xclbin.data(), static_cast<std::streamsize>(xclbin.size()));
  out.close();
  return out ? 0 : fail(std::string("cannot write ") + arguments[2]);
}

}  // namespace
}  // namespace oarlock::xrt_emulator

int main(int count, char** arguments) { return oarlock::xrt_emulator::run(count, arguments); }
