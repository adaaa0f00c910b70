#pragma once

#include <experimental/xrt_xclbin.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "backends/xrt/driver.h"
#include "backends/xrt/xclbin_file.h"
#include "kernels/fpga/table.h"

namespace oarlock::xrt {

struct KernelOnCard {
  std::string name;                  // "oarlock_gemm"
  std::vector<::xrt::kernel> units;  // one for each compute unit
  std::vector<std::string> unit_names;
  const kernels::fpga::Kernel* description = nullptr;
  size_t tensors() const { return description->tensors; }
};

// Runs that are started together and may go side by side. After a failure they may never end, and
// are to be made anew.
struct RunGroup {
  struct Place {
    const KernelOnCard* kernel;
    size_t unit;
  };
  std::vector<Place> places;  // of each run
  std::vector<::xrt::run> runs;
  std::vector<std::vector<int>> parameters;  // of each run
  std::vector<const void*> buffers;          // that they read or write

  const ::xrt::kernel& unit_of(size_t i) const { return places[i].kernel->units[places[i].unit]; }
  bool failed = false;
};

// An opened card with its xclbin loaded, shared by all sessions of the process. Runs are started in
// order; the next begins when the one before has ended, and the host goes on meanwhile.
// Thread-safe. A failure is told to the thread that started the run: it is the one to ask next.
class Card {
 public:
  // Opens, loads, checks that the kernels are those this backend was written for, and that they
  // compute.
  static Result<std::shared_ptr<Card>> open(unsigned index, const XclbinFile& xclbin);
  ~Card();
  Card(const Card&) = delete;
  Card& operator=(const Card&) = delete;

  // The kernel "oarlock_<name>"; unavailable when the xclbin lacks it.
  Result<const KernelOnCard*> kernel(const std::string& name) const;
  // Memory that kernels reach: of tensors, and of parameter blocks.
  Result<::xrt::bo> tensor_memory(size_t bytes) { return memory(bytes, tensors_); }
  Result<::xrt::bo> parameter_memory(size_t bytes) { return memory(bytes, parameters_); }
  // A buffer for pointers of which nothing is read.
  const ::xrt::bo& nothing() const { return nothing_; }
  // Of tensors.
  uint32_t bank() const { return static_cast<uint32_t>(tensors_); }

  // Starts the runs once what was started before has ended. `prepare` sets their arguments. The
  // group must live until they have ended.
  template <class F>
  Status start(RunGroup& group, F&& prepare) {
    const std::lock_guard lock(mutex_);
    OARLOCK_TRY(finish());
    OARLOCK_TRY(prepare());
    return begin(group);
  }
  // Waits for all that was started; the failure of what this thread has started.
  Status wait();
  // The same if what was started uses this buffer; others may be transferred meanwhile.
  Status wait_for(const void* buffer);
  // Waits for what this thread has started, and tells its failure.
  Status wait_for_own();
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

 private:
  Card() = default;
  Result<::xrt::bo> memory(size_t bytes, ::xrt::memory_group group);
  Status load(unsigned index, const XclbinFile& xclbin);
  Status find_kernels(const ::xrt::xclbin& xclbin);
  Status check_that_it_computes();
  // With the lock held.
  Status finish();
  Status own_failure();
  void tell_of_run(size_t i) const;
  Status begin(RunGroup& group);

  ::xrt::device device_;
  std::map<std::string, KernelOnCard> kernels_;
  ::xrt::memory_group tensors_ = 0, parameters_ = 0;
  ::xrt::bo nothing_;
  std::mutex mutex_;
  RunGroup* outstanding_ = nullptr;
  size_t started_ = 0;  // runs of it
  double started_us_ = 0;
  std::mutex state_mutex_;            // of what follows; taken after mutex_, never held for long
  const RunGroup* in_use_ = nullptr;  // the outstanding one
  std::thread::id starter_;
  std::map<std::thread::id, Status> failures_;
  std::chrono::milliseconds timeout_{60000};
};

}  // namespace oarlock::xrt
