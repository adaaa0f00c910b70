#include "backends/opencl/portable.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <system_error>

#include "oarlock/plugin/cache_folder.h"

namespace oarlock::opencl {

namespace {

namespace fs = std::filesystem;

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The names after "kernel void".
std::set<std::string> kernels_of(std::string_view text) {
  constexpr std::string_view kMarker = "kernel void ";
  std::set<std::string> names;
  for (size_t at = text.find(kMarker); at != text.npos; at = text.find(kMarker, at)) {
    const size_t begin = at += kMarker.size();
    while (at < text.size() && is_of_a_name(text[at])) ++at;
    if (at > begin) names.emplace(text.substr(begin, at - begin));
  }
  return names;
}

Status write_file(const fs::path& folder, const std::string& name, std::string_view bytes) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::path wanted = folder / name;
  const fs::path temporary = folder / concat(name, ".", getpid());
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return io_error("opencl.export: cannot write ", wanted.string());
  }
  fs::rename(temporary, wanted, error);
  if (error) return io_error("opencl.export: cannot write ", wanted.string());
  return {};
}

}  // namespace

PortableProgram PortableProgram::from(const ProgramSource& source) {
  const std::string digits = digest(concat(source.options, "\n", source.text));
  PortableProgram program{concat(source.name, "-", digits), concat("_", digits), source};
  std::string renaming;
  for (const std::string& kernel : kernels_of(source.text))
    renaming += concat("#define ", kernel, " ", kernel, program.suffix, "\n");
  program.source.text.insert(0, renaming);
  return program;
}

Status export_source(const fs::path& folder, const PortableProgram& program) {
  OARLOCK_TRY(write_file(folder, program.name + ".cl", program.source.text));
  return write_file(folder, program.name + ".txt", program.source.options + "\n");
}

Status export_binary(const fs::path& folder, const PortableProgram& program,
                     const std::vector<unsigned char>& binary) {
  return write_file(folder, program.name + ".bin",
                    {reinterpret_cast<const char*>(binary.data()), binary.size()});
}

Result<fs::path> binary_file(const fs::path& given, const PortableProgram& program) {
  std::error_code error;
  if (!fs::is_directory(given, error)) return given;
  const fs::path file = given / (program.name + ".bin");
  if (fs::is_regular_file(file, error)) return file;
  return io_error("opencl.binary: ", file.string(), " is missing, the binary of ",
                  program.source.name, ".cl with the options '", program.source.options,
                  "' and the macros of this session; opencl.export=FOLDER writes its source where "
                  "the device, or another, has a compiler");
}

Result<std::vector<unsigned char>> read_binary(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<unsigned char> bytes(std::istreambuf_iterator<char>(stream), {});
  if (!stream || bytes.empty()) return io_error("opencl.binary: cannot read ", file.string());
  return bytes;
}

}  // namespace oarlock::opencl
