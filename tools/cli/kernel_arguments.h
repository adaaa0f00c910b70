#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "oarlock/status.h"
#include "oarlock/tensor.h"

namespace oarlock::cli {

// One argument of a device kernel as given on the command line:
//   x.npy                a buffer with an array
//   inout=x.npy          the same, and its contents afterwards are an output
//   out=float32:4x8      a buffer of zeros that is an output
//   out                  an output with the type and shape of the array it is checked against
//   int=3 uint= long= ulong= float= double=, int2=3,4 and so on: numbers
//   local=1024           so many bytes of local memory
//   null                 no buffer
struct KernelArgument {
  enum class Kind : uint8_t { buffer, numbers, local, null };
  Kind kind = Kind::null;
  bool output = false;
  Tensor tensor;                   // of a buffer; undefined for "out"
  std::vector<std::byte> numbers;  // as the kernel takes them
  size_t local_bytes = 0;
};
Result<KernelArgument> parse_kernel_argument(const std::string& text);

// "64", "64,8", "64x8x1": up to three positive extents. `count` is how many were given.
struct Extents {
  std::array<size_t, 3> values = {1, 1, 1};
  size_t count = 0;
};
Result<Extents> parse_extents(const std::string& text);

Result<Tensor> read_npy(const std::string& path);

}  // namespace oarlock::cli
