// What the command does in a build without OpenCL.
#include "tools/cli/command.h"

namespace oarlock::cli {

void add_kernel(CLI::App&) {}

}  // namespace oarlock::cli
