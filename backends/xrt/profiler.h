#pragma once
// What the backend tells tools of runs and transfers: the entry point of its library.

#include <cstdint>

#include "kernels/fpga/table.h"

namespace oarlock::xrt {

inline constexpr uint32_t kProfilerVersion = 1;

struct Activity {
  enum class Kind : uint32_t { run, write, read };
  Kind kind = Kind::run;
  double start_us = 0, end_us = 0;  // of the steady clock, as the host sees it
  uint32_t bank = 0;                // of the tensors, an index into the xclbin's banks
  // Of a transfer.
  uint64_t bytes = 0;
  // Of a run.
  const char* kernel = "";          // "oarlock_gemm"
  uint32_t unit = 0, units = 1;     // which compute unit of how many
  const int* parameters = nullptr;  // while the activity is told
  uint32_t words = 0;               // of them
  uint32_t parameter_bank = 0;
  kernels::fpga::Cost cost;  // modelled
};

struct Profiler {
  uint32_t version;
  // From now on `hear` is told of everything, from the threads that do it; null ends that.
  void (*listen)(void (*hear)(const Activity& activity, void* context), void* context);
};

// For the backend: whether somebody listens, and telling them. Thread-safe.
bool is_heard();
void tell(const Activity& activity);
double now_us();

}  // namespace oarlock::xrt

extern "C" const oarlock::xrt::Profiler* oarlock_xrt_profiler();
