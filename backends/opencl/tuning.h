#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "backends/opencl/binary_store.h"
#include "backends/opencl/platform.h"

namespace oarlock::opencl {

class ClDevice;

// Which tiles measuring found to be the fastest on a device, kept beside the program binaries: an
// entry for another driver or other kernel sources, or a damaged one, is as good as absent.
// Thread-safe.
class Tuning {
 public:
  // Rows and vectors of a tile; zeros: what is chosen without measuring was the fastest.
  struct Form {
    int64_t rows = 0, vectors = 0;
    friend bool operator==(const Form&, const Form&) = default;
  };

  // `seconds` are for measuring from now on.
  Tuning(ClDevice& device, const FoundDevice& found, BinaryStore store, double seconds);

  ClDevice& device() { return device_; }
  bool has_time() const { return Clock::now() < deadline_; }
  // What is known; the same answer until keep() whatever other processes store.
  std::optional<Form> find(const std::string& key);
  void keep(const std::string& key, Form form);

 private:
  using Clock = std::chrono::steady_clock;

  ClDevice& device_;
  BinaryStore store_;
  std::string prefix_;
  Clock::time_point deadline_;
  std::mutex mutex_;
  std::map<std::string, std::optional<Form>> known_;
};

}  // namespace oarlock::opencl
