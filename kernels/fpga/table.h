#pragma once
// What a library of kernels compiled for the host tells of them: unit tests call kernels through
// it, and the emulated device runs the library that an xclbin holds.

#include <cstdint>

namespace oarlock::kernels::fpga {

// Changes whenever a type of this header does.
inline constexpr uint32_t kTableVersion = 1;

// What a run would take on a card, by the formulas of cost.h.
struct Cost {
  double cycles = 0;
  double products = 0;  // multiply-adds that were wanted
  double read_bytes = 0, written_bytes = 0;
};

// Arguments are `tensors` pointers, of which the last is the result, a pointer to the parameter
// block, and as many offsets in elements.
struct Kernel {
  const char* name;       // "oarlock_gemm"
  const char* arguments;  // names, separated by blanks
  uint32_t tensors;
  void (*call)(void* const* pointers, const int* offsets);
  void (*cost)(const int* parameters, Cost* cost);
};

struct Table {
  uint32_t version;
  uint32_t count;
  const Kernel* kernels;
};

}  // namespace oarlock::kernels::fpga

// The entry point of such a library.
extern "C" const oarlock::kernels::fpga::Table* oarlock_fpga_kernels();
