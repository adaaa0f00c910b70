#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kernels/fpga/table.h"
#include "oarlock/session.h"

namespace oarlock::fpga {

// Times in microseconds of the steady clock, as the host sees them.
struct Run {
  std::string kernel;  // "oarlock_gemm"
  uint32_t unit = 0, units = 1;
  double start_us = 0, end_us = 0;
  std::vector<int> parameters;
  uint32_t bank = 0, parameter_bank = 0;
  kernels::fpga::Cost cost;  // modelled
};
struct Transfer {
  bool to_card = false;
  double start_us = 0, end_us = 0;
  uint64_t bytes = 0;
  uint32_t bank = 0;
};
// What one step did on an FPGA.
struct Layer {
  std::string name, op;
  std::vector<Run> runs;
  std::vector<Transfer> transfers;
  bool empty() const { return runs.empty() && transfers.empty(); }
};

// Hears of all runs and transfers of the backend xrt in this process, while it lives.
class Listener {
 public:
  // Null where the backend is not loaded: open a session that names it before.
  static std::unique_ptr<Listener> start();
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // What was heard since the last call.
  Layer take();

 private:
  Listener() = default;

  std::mutex mutex_;
  Layer heard_;
};

// Runs a model twice on the emulated device, layers without a kernel on the CPU; the layers on the
// FPGA in the second run.
Result<std::vector<Layer>> measure(const Model& model, std::span<const Value> inputs);

}  // namespace oarlock::fpga
