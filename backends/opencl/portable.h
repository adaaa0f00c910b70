#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "backends/opencl/program.h"

namespace oarlock::opencl {

// A program as it goes to another compiler and comes back as a binary. Its name tells all that it
// is made of: "conv-0123456789abcdef", digits being the hash of its text and options. Its kernels
// carry the digits as well, "conv_0123456789abcdef", so that one binary may hold several programs.
struct PortableProgram {
  std::string name;
  std::string suffix;    // of its kernels
  ProgramSource source;  // with macros in front that rename the kernels

  static PortableProgram from(const ProgramSource& source);
};

// What `opencl.export` makes of a program: <name>.cl, and <name>.txt with the compiler's options.
// Files appear complete. An io_error says what could not be written.
Status export_source(const std::filesystem::path& folder, const PortableProgram& program);
Status export_binary(const std::filesystem::path& folder, const PortableProgram& program,
                     const std::vector<unsigned char>& binary);

// The file that `opencl.binary` means for a program: itself if it is a file, in a folder
// <name>.bin. An io_error names the program, its options and how to get its source.
Result<std::filesystem::path> binary_file(const std::filesystem::path& given,
                                          const PortableProgram& program);
Result<std::vector<unsigned char>> read_binary(const std::filesystem::path& file);

}  // namespace oarlock::opencl
