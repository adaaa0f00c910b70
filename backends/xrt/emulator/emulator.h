#pragma once
// What the shared library of the emulated device offers to the backend and to tests.

#include <cstdint>

namespace oarlock::xrt_emulator {

inline constexpr uint32_t kEmulatorVersion = 1;

// Sums over all runs since the device was started.
struct Counters {
  uint64_t runs = 0;
  uint64_t bytes_to_device = 0, bytes_from_device = 0;
  double kernel_seconds = 0;  // on the host
  double cycles = 0;          // modelled, of all compute units
  double products = 0;
  double read_bytes = 0, written_bytes = 0;  // of device memory by kernels
};

struct Emulator {
  uint32_t version;
  // Becomes XRT's driver; before that no object of XRT may have been made. Nullptr, or why not.
  // Afterwards it stays until the process ends, and calling it again does nothing.
  const char* (*start)(const char* worker_program);
  void (*counters)(Counters* counters);
  // Makes something fail, `after` successes, once: "allocation", "transfer", "kernel" (reports an
  // error), "crash" (of the kernel), "hang" (until aborted); or from then on, until "restore" ends
  // it: "full" (every allocation), "lost" (everything). "none" takes back what has not happened.
  // False for another word.
  bool (*inject)(const char* what, int after);
};

}  // namespace oarlock::xrt_emulator

extern "C" const oarlock::xrt_emulator::Emulator* oarlock_xrt_emulator();
