#pragma once
// What a library of kernels compiled for the host tells of them: unit tests call kernels through
// it, and the emulated device runs the library that an xclbin holds.

#include <cstdint>

#include "kernels/fpga/fifo.h"

namespace oarlock::kernels::fpga {

// Changes whenever a type of this header does.
inline constexpr uint32_t kTableVersion = 2;

// What a run would take on a card, by the formulas of cost.h.
struct Cost {
  double cycles = 0;
  double products = 0;                       // multiply-adds that were wanted
  double read_bytes = 0, written_bytes = 0;  // of memory
  double fill = 0;  // of a kernel with streams: cycles until its first result leaves
};

// Arguments are `tensors` pointers, of which the last is the result where it goes to memory, a
// pointer to the parameter block, as many offsets in elements, and `streams` streams.
struct Kernel {
  const char* name;       // "oarlock_gemm"
  const char* arguments;  // names, separated by blanks
  uint32_t tensors, streams;
  void (*call)(void* const* pointers, const int* offsets, fpga_stream* const* streams);
  void (*cost)(const int* parameters, Cost* cost);
};

// A stream between two kernels, which have one compute unit each: "oarlock_stream_gemm.out" to
// "oarlock_stream_function.in".
struct Connection {
  const char *from, *to;
};

struct Table {
  uint32_t version;
  uint32_t count;
  const Kernel* kernels;
  uint32_t connection_count;
  const Connection* connections;
};

}  // namespace oarlock::kernels::fpga

// The entry point of such a library.
extern "C" const oarlock::kernels::fpga::Table* oarlock_fpga_kernels();
