#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "backends/opencl/cl.h"
#include "oarlock/dtype.h"

namespace oarlock::opencl {

// A file of kernels/opencl, embedded at build.
struct EmbeddedSource {
  std::string_view name;  // "elementwise" of elementwise.cl
  std::string_view text;
};
std::span<const EmbeddedSource> embedded_sources();  // generated

// What a kernel source is compiled with: macros in front of it.
class Defines {
 public:
  Defines& set(std::string_view name, std::string_view value);
  Defines& set(std::string_view name, int64_t value);
  Defines& set(std::string_view name) { return set(name, ""); }
  // "name" becomes the type in which elements are stored; also NAME_type, NAME_load(i, pointer) and
  // NAME_store(value, i, pointer), which convert from and to the type of computing, NAME_compute:
  // float for all floats but float64, long or ulong for integers of 64 bits, else int or uint. For
  // float32 and float16 also NAME_loads(n, i, pointer) and NAME_stores(n, value, i, pointer), of
  // vector i of n elements.
  // Only for types that has_element() knows.
  Defines& element(std::string_view name, DType dtype);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Floats of 16 bits and more, integers of 8 bits and more, bool.
bool has_element(DType dtype);
// A type of OpenCL C with elements of as many bytes, for moving: "uchar", "ushort", "uint",
// "ulong"; empty when elements are no whole 1, 2, 4 or 8 bytes.
std::string_view moved_as(DType dtype);

// A whole program: what the compiler sees.
struct ProgramSource {
  std::string name;     // of the file, for messages
  std::string text;     // with macros and the common part in front
  std::string options;  // of the compiler
};
// kernels/opencl/<name>.cl with its macros, common.cl and the files named `before` in front.
Result<ProgramSource> embedded_program(std::string_view name, const Defines& defines,
                                       std::initializer_list<std::string_view> before = {});

// Compiles for one device. A failure carries the compiler's log and the line of the source that it
// names first.
Result<cl::Program> build_from_source(const cl::Context& context, const cl::Device& device,
                                      const ProgramSource& source);
// From a binary of this device; any failure only says that it does not serve.
Result<cl::Program> build_from_binary(const cl::Context& context, const cl::Device& device,
                                      const std::vector<unsigned char>& binary,
                                      const std::string& options);
Result<std::vector<unsigned char>> binary_of(const cl::Program& program);

}  // namespace oarlock::opencl
