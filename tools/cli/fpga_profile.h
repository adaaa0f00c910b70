#pragma once

#include <memory>
#include <string>

#include "tools/cli/command.h"
#include "tools/cli/profile_report.h"

namespace oarlock::cli {

void add_fpga_estimate(CLI::App& fpga);

// What FPGA cards do in profiled runs. Made after a session that names one was opened.
class FpgaProfile {
 public:
  virtual ~FpgaProfile() = default;
  // After each step, at once: takes what the step did, and adds it to the report's timeline.
  virtual void add(const StepRecord& record, ProfileReport& report) = 0;
  // Kernel and transfer time, modelled cycles, bytes of each bank, use of compute units, and the
  // layer that takes the most; empty when nothing ran on an FPGA.
  virtual std::string text(size_t runs, size_t shown) const = 0;
};
// Null when there is no such backend.
std::unique_ptr<FpgaProfile> listen_to_fpga();

}  // namespace oarlock::cli
