// What the command does in a build without XRT.
#include "tools/cli/fpga_profile.h"

namespace oarlock::cli {

void add_fpga(CLI::App&) {}
std::unique_ptr<FpgaProfile> listen_to_fpga() { return nullptr; }

}  // namespace oarlock::cli
