#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "oarlock/model.h"
#include "oarlock/session.h"
#include "oarlock/status.h"

namespace oarlock::cli {

// What the command returns to the shell.
enum ExitCode : int {
  kOk = 0,
  kDifference = 1,   // results differ, or a file is damaged or malformed
  kUsage = 2,        // the command line is wrong
  kUnsupported = 3,  // the model has nodes or types that cannot be run
  kUnavailable = 4,  // a device or plugin is not present
  kIo = 5,           // a file cannot be read or written
  kMemory = 6,       // too little memory
  kInternal = 7,     // a bug
};
ExitCode exit_code_of(Code code);
// A mistake in the command line itself.
struct UsageError {
  std::string message;
};

// A sub-command adds itself to the application; when chosen, its body runs and gives the exit code
// through `result`.
using Body = std::function<Result<ExitCode>()>;
void when_chosen(CLI::App* command, Body body);
// The body of the sub-command that was chosen.
Body& chosen_body();

void add_bench(CLI::App& app);
void add_compare(CLI::App& app);
void add_convert(CLI::App& app);
void add_devices(CLI::App& app);
void add_explain(CLI::App& app);
void add_fpga(CLI::App& app);  // nothing in a build without XRT
void add_inspect(CLI::App& app);
void add_kernel(CLI::App& app);      // nothing in a build without OpenCL
void add_kernel_run(CLI::App& app);  // part of the program oarlock-kernel
void add_profile(CLI::App& app);
void add_run(CLI::App& app);
void add_tune(CLI::App& app);
void add_verify(CLI::App& app);

// The whole of main(): parses the command line with the sub-commands that `add_commands` adds, runs
// the chosen one, prints what went wrong, and returns the exit code.
int run_program(const std::string& name, const std::string& description,
                void (*add_commands)(CLI::App&), int argc, char** argv);

// "1x3x224x224" or "1,3,224,224".
Result<Shape> parse_shape(const std::string& text);
// "input=1x3x224x224", repeated.
Result<std::map<std::string, Shape>> parse_shapes(const std::vector<std::string>& list);

}  // namespace oarlock::cli
