// oarlock kernel: done by the program oarlock-kernel beside this one. That program needs the OpenCL
// loader, which a machine that runs oarlock on other devices may lack.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "tools/cli/command.h"

namespace oarlock::cli {

namespace {

Result<ExitCode> start(const std::vector<std::string>& arguments) {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return io_error("cannot tell where this program lies: ", failed.message());
  const std::string program = self.parent_path() / "oarlock-kernel";
  std::vector<char*> list = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) list.push_back(const_cast<char*>(argument.c_str()));
  list.push_back(nullptr);
  ::execv(program.c_str(), list.data());
  return io_error("cannot start ", program, ": ", std::strerror(errno));
}

}  // namespace

void add_kernel(CLI::App& app) {
  CLI::App* command = app.add_subcommand("kernel", "Work on device kernels");
  command->prefix_command();
  command->set_help_flag();  // its own program answers --help
  when_chosen(command, [command] { return start(command->remaining()); });
}

}  // namespace oarlock::cli
