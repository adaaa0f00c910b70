// oarlock fpga package: an xclbin for the emulated device.
#include <dlfcn.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "backends/xrt/emulator/xclbin_writer.h"
#include "core/graph/atomic_file.h"
#include "core/graph/mapped_file.h"
#include "tools/cli/command.h"
#include "tools/cli/fpga_profile.h"

namespace oarlock::cli {
namespace {

// Of a library that stays loaded.
template <class F>
Result<F> entry_of(const std::string& library, const char* symbol) {
  void* const handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return invalid("cannot load ", library, ": ", dlerror());
  const auto entry = reinterpret_cast<F>(dlsym(handle, symbol));
  if (entry == nullptr) return invalid(library, " does not export ", symbol);
  return entry;
}

struct Package {
  std::string library, output;
  std::vector<std::string> units;
  xrt_emulator::Platform platform;

  Result<ExitCode> run();
};

Result<ExitCode> Package::run() {
  for (const std::string& word : units) {
    const size_t equals = word.find('=');
    const int count = equals == std::string::npos ? 0 : std::atoi(word.c_str() + equals + 1);
    if (count < 1 || count > 16)
      return invalid("--units ", word, ": expected KERNEL=N, N from 1 to 16");
    platform.compute_units[word.substr(0, equals)] = count;
  }
  OARLOCK_ASSIGN(const auto mapped, MappedFile::open(library));
  const auto path = std::filesystem::absolute(library).string();
  OARLOCK_ASSIGN(const auto entry,
                 entry_of<decltype(&oarlock_fpga_kernels)>(path, "oarlock_fpga_kernels"));
  const kernels::fpga::Table& table = *entry();
  if (table.version != kernels::fpga::kTableVersion)
    return invalid(library, " was built against version ", table.version,
                   " of kernels/fpga/table.h, this is ", kernels::fpga::kTableVersion);
  for (uint32_t i = 0; i < table.count; ++i) {
    const auto found = platform.compute_units.find(table.kernels[i].name);
    if (table.kernels[i].streams > 0 && found != platform.compute_units.end() && found->second > 1)
      return invalid("--units ", found->first, "=", found->second,
                     ": a kernel that streams join to others has one compute unit");
  }
  const auto* const begin = reinterpret_cast<const char*>(mapped->bytes().data());
  const std::vector<char> xclbin =
      xrt_emulator::make_xclbin({begin, begin + mapped->bytes().size()}, table, platform);
  OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(output));
  OARLOCK_TRY(file.write(std::as_bytes(std::span(xclbin))));
  OARLOCK_TRY(file.commit());
  std::printf("written: %s, %u kernels\n", output.c_str(), table.count);
  return kOk;
}

}  // namespace

void add_fpga(CLI::App& app) {
  CLI::App* fpga = app.add_subcommand("fpga", "Work on kernels and designs for FPGA cards");
  fpga->require_subcommand(1);
  CLI::App* package = fpga->add_subcommand(
      "package", "Write an xclbin for the emulated FPGA from kernels compiled for the host");
  auto p = std::make_shared<Package>();
  package->add_option("library", p->library, "A shared library that exports oarlock_fpga_kernels")
      ->required();
  package->add_option("-o,--output", p->output, "The xclbin")->required();
  package->add_option("--units", p->units, "Compute units of a kernel; others have one")
      ->type_name("KERNEL=N");
  package->add_option("--clock", p->platform.clock_mhz, "MHz")->capture_default_str();
  when_chosen(package, [p] { return p->run(); });

  add_fpga_estimate(*fpga);
}

}  // namespace oarlock::cli
