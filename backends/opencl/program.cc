#include "backends/opencl/program.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace oarlock::opencl {

namespace {

struct Element {
  DType dtype;
  const char* storage;
  const char* compute;
  const char* kind;  // of the load and store macros in common.cl
};
constexpr Element kElements[] = {
    {DType::float32, "float", "float", "plain"},    {DType::float16, "half", "float", "half"},
    {DType::bfloat16, "ushort", "float", "bfloat"}, {DType::float64, "double", "double", "plain"},
    {DType::int8, "char", "int", "char"},           {DType::uint8, "uchar", "uint", "uchar"},
    {DType::int16, "short", "int", "short"},        {DType::uint16, "ushort", "uint", "ushort"},
    {DType::int32, "int", "int", "plain"},          {DType::uint32, "uint", "uint", "plain"},
    {DType::int64, "long", "long", "plain"},        {DType::uint64, "ulong", "ulong", "plain"},
    {DType::boolean, "uchar", "int", "bool"},
};

const Element* element_of(DType dtype) {
  for (const Element& e : kElements)
    if (e.dtype == dtype) return &e;
  return nullptr;
}

const EmbeddedSource* find_source(std::string_view name) {
  for (const EmbeddedSource& source : embedded_sources())
    if (source.name == name) return &source;
  return nullptr;
}

// A place in the source as compilers name it, "file:12:5".
struct Place {
  std::string_view file;
  size_t line = 0;
};

std::optional<Place> place_in(std::string_view text) {
  for (size_t colon = text.find(':'); colon != text.npos; colon = text.find(':', colon + 1)) {
    const size_t blank = text.find_last_of(" \t\"", colon);
    const size_t begin = blank == text.npos ? 0 : blank + 1;
    Place place{text.substr(begin, colon - begin)};
    const char* const end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data() + colon + 1, end, place.line);
    if (error == std::errc() && after != end && *after == ':' && !place.file.empty()) return place;
  }
  return std::nullopt;
}

// Where the log's first error is.
std::optional<Place> first_error(std::string_view log) {
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    if (line.find("error") != line.npos)
      if (const std::optional<Place> place = place_in(line)) return place;
    log.remove_prefix(std::min(line.size() + 1, log.size()));
  }
  return std::nullopt;
}

// The line with the log's first error, and its number in the file that it is from; "" when the log
// names none. Compilers that ignore #line count from the beginning of the text.
std::string named_line(std::string_view text, std::string_view log) {
  const std::optional<Place> place = first_error(log);
  if (!place) return "";
  constexpr std::string_view kMarker = "#line 1 \"";
  const bool known = text.find(concat(kMarker, place->file, "\"\n")) != text.npos;
  std::string_view file;
  for (size_t in_file = 1, in_text = 1; !text.empty(); ++in_file, ++in_text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(kMarker)) {
      file = line.substr(kMarker.size(), line.find('"', kMarker.size()) - kMarker.size());
      in_file = 0;
    } else if (known ? file == place->file && in_file == place->line : in_text == place->line) {
      return concat("\n", file, " line ", in_file, ": ", line);
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return "";
}

}  // namespace

Defines& Defines::set(std::string_view name, std::string_view value) {
  text_ += concat("#define ", name, " ", value, "\n");
  return *this;
}

Defines& Defines::set(std::string_view name, int64_t value) {
  return set(name, std::to_string(value));
}

Defines& Defines::element(std::string_view name, DType dtype) {
  const Element* const e = element_of(dtype);
  if (e == nullptr) return *this;
  if (dtype == DType::float64) text_ += "#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n";
  set(concat(name, "_type"), e->storage);
  set(concat(name, "_compute"), e->compute);
  set(concat(name, "_load(i, p)"), concat("load_", e->kind, "(i, p)"));
  set(concat(name, "_store(v, i, p)"), concat("store_", e->kind, "(v, i, p)"));
  if (dtype != DType::float32 && dtype != DType::float16) return *this;
  set(concat(name, "_loads(n, i, p)"), concat("loads_", e->kind, "(n, i, p)"));
  set(concat(name, "_stores(n, v, i, p)"), concat("stores_", e->kind, "(n, v, i, p)"));
  return *this;
}

bool has_element(DType dtype) { return element_of(dtype) != nullptr; }

std::string_view moved_as(DType dtype) {
  if (dtype == DType::string || dtype == DType::undefined) return "";
  switch (bits(dtype)) {
    case 8:
      return "uchar";
    case 16:
      return "ushort";
    case 32:
      return "uint";
    case 64:
      return "ulong";
    default:
      return "";
  }
}

Result<ProgramSource> embedded_program(std::string_view name, const Defines& defines,
                                       std::initializer_list<std::string_view> before) {
  ProgramSource program{std::string(name), defines.text(), "-cl-std=CL1.2"};
  std::vector<std::string_view> files = {"common"};
  files.insert(files.end(), before.begin(), before.end());
  files.push_back(name);
  for (const std::string_view file : files) {
    const EmbeddedSource* const source = find_source(file);
    if (source == nullptr) return internal_error("no kernel source '", file, "' is embedded");
    program.text += concat("#line 1 \"", file, ".cl\"\n", source->text);
  }
  return program;
}

Result<cl::Program> build_from_source(const cl::Context& context, const cl::Device& device,
                                      const ProgramSource& source) {
  cl_int code = CL_SUCCESS;
  cl::Program program(context, source.text, false, &code);
  OARLOCK_TRY(check(code, concat("program '", source.name, "'")));
  code = program.build(std::vector<cl::Device>{device}, source.options.c_str());
  if (code == CL_SUCCESS) return program;
  const std::string log = trimmed(program.getBuildInfo<CL_PROGRAM_BUILD_LOG>(device));
  return failure(code, concat("kernel source ", source.name, ".cl does not build on ",
                              trimmed(device.getInfo<CL_DEVICE_NAME>()),
                              named_line(source.text, log), "\n", log, "\n"));
}

Result<cl::Program> build_from_binary(const cl::Context& context, const cl::Device& device,
                                      const std::vector<unsigned char>& binary,
                                      const std::string& options) {
  cl_int code = CL_SUCCESS;
  std::vector<cl_int> states;
  cl::Program program(context, std::vector<cl::Device>{device}, cl::Program::Binaries{binary},
                      &states, &code);
  OARLOCK_TRY(check(code, "program binary"));
  for (const cl_int state : states) OARLOCK_TRY(check(state, "program binary"));
  OARLOCK_TRY(
      check(program.build(std::vector<cl::Device>{device}, options.c_str()), "program binary"));
  return program;
}

Result<std::vector<unsigned char>> binary_of(const cl::Program& program) {
  cl_int code = CL_SUCCESS;
  cl::Program::Binaries binaries = program.getInfo<CL_PROGRAM_BINARIES>(&code);
  OARLOCK_TRY(check(code, "reading a program's binary"));
  if (binaries.size() != 1 || binaries[0].empty())
    return unavailable("the driver gives no program binaries");
  return std::move(binaries[0]);
}

}  // namespace oarlock::opencl
