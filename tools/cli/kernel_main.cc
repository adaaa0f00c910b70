// oarlock-kernel, the program behind `oarlock kernel`.
#include "tools/cli/command.h"

int main(int argc, char** argv) {
  return oarlock::cli::run_program("oarlock kernel", "Work on device kernels",
                                   oarlock::cli::add_kernel_run, argc, argv);
}
