// What the command does in a build without XRT.
#include "tools/cli/command.h"

namespace oarlock::cli {

void add_fpga(CLI::App&) {}

}  // namespace oarlock::cli
