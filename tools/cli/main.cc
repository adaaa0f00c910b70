#include <cstdio>
#include <exception>
#include <new>

#include "tools/cli/command.h"

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 results differ, or a file or input is damaged or does not fit; 2 wrong\n"
    "command line; 3 something in the model is not supported; 4 a device is not present; 5 a file\n"
    "cannot be read or written; 6 too little memory; 7 a bug in oarlock.\n"
    "Commands on models take .oar files; all but verify also take .onnx files, converted on the "
    "fly.";

int run(int argc, char** argv) {
  using namespace oarlock::cli;
  CLI::App app("oarlock: converts, runs, measures and examines neural networks", "oarlock");
  app.set_version_flag("--version", std::string("oarlock ") + oarlock::version());
  app.require_subcommand(1);
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
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
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  oarlock::Result<ExitCode> result = chosen_body()();
  if (result.ok()) return *result;
  const oarlock::Status status = result.status();
  std::fflush(stdout);
  std::fprintf(stderr, "oarlock: %s\n", status.message().c_str());
  return exit_code_of(status.code());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("oarlock: too little memory\n", stderr);
    return oarlock::cli::kMemory;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "oarlock: internal error: %s\n", error.what());
    return oarlock::cli::kInternal;
  }
}
