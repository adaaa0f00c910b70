#include "tools/cli/command.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 results differ, or a file or input is damaged or does not fit; 2 wrong\n"
    "command line; 3 something in the model is not supported; 4 a device is not present; 5 a file\n"
    "cannot be read or written; 6 too little memory; 7 a bug in oarlock.\n"
    "Commands on models take .oar files; all but verify also take .onnx files, converted on the "
    "fly.";

void add_commands(CLI::App& app) {
  using namespace oarlock::cli;
  app.footer(kFooter);
  add_convert(app);
  add_run(app);
  add_bench(app);
  add_profile(app);
  add_explain(app);
  add_inspect(app);
  add_compare(app);
  add_verify(app);
  add_devices(app);
  add_tune(app);
  add_kernel(app);
  add_fpga(app);
}

}  // namespace

int main(int argc, char** argv) {
  return oarlock::cli::run_program("oarlock",
                                   "oarlock: converts, runs, measures and examines neural networks",
                                   add_commands, argc, argv);
}
