#include "backends/cpu/processor.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "kernels/cpu/instruction_set.h"
#include "kernels/cpu/source_hash.h"
#include "oarlock/session.h"

namespace oarlock::cpu {

namespace {

// Lines of /proc/cpuinfo, on x86 and Arm.
constexpr std::array<std::string_view, 8> kModelLines = {
    "vendor_id",  "cpu family",      "model\t",  "stepping",
    "cache size", "CPU implementer", "CPU part", "CPU variant"};

Processor read_processor() {
  Processor found;
  std::ifstream file("/proc/cpuinfo");
  // The first processor's lines end with an empty one.
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.starts_with("model name")) found.name = line.substr(colon + 2);
    if (std::any_of(kModelLines.begin(), kModelLines.end(),
                    [&](std::string_view start) { return line.starts_with(start); }))
      found.model += (found.model.empty() ? "" : ", ") + line.substr(colon + 2);
  }
  if (found.name.empty()) found.name = "processor";
  return found;
}

}  // namespace

const Processor& processor() {
  static const Processor found = read_processor();
  return found;
}

std::string tuning_identity() {
  return concat(processor().name, "\n", processor().model, "\n",
                kernels::cpu::instruction_set_name(), "\n", version(), "\n",
                kernels::cpu::source_hash());
}

}  // namespace oarlock::cpu
