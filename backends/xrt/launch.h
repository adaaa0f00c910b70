#pragma once

#include <memory>
#include <vector>

#include "backends/xrt/device.h"
#include "oarlock/plugin/kernel.h"

namespace oarlock::xrt {

// The words of a parameter block. Floats are stored as their bits.
class Parameters {
 public:
  explicit Parameters(int words) : words_(static_cast<size_t>(words), 0) {}
  int& operator[](int i) { return words_[static_cast<size_t>(i)]; }
  void set(int i, float value);
  // The value must fit: extents were checked when the node was matched.
  void set(int i, int64_t value) { words_[static_cast<size_t>(i)] = static_cast<int>(value); }
  const std::vector<int>& words() const { return words_; }

 private:
  std::vector<int> words_;
};

// Runs that belong to one step: of one kernel, which may go side by side on several compute units,
// or of kernels that streams join.
class Launch {
 public:
  ~Launch();
  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;

  // What kernels take for a pointer: a tensor of the step, a table, or nothing.
  struct Argument {
    int tensor = -1;  // inputs of the step, then outputs
    std::shared_ptr<::xrt::bo> table = nullptr;
    size_t element_bytes = sizeof(float);
  };

  static Result<std::shared_ptr<Launch>> make(XrtDevice& device, const char* kernel,
                                              std::vector<Argument> arguments);
  // A further kernel, of which the runs added from now on are.
  Status join(const char* kernel, std::vector<Argument> arguments);
  // One more run. `offsets`: elements added to where each argument begins, none when empty.
  Status add(const Parameters& parameters, std::vector<int> offsets = {});
  // Starts all of them.
  Status run(const KernelArgs& args);
  size_t compute_units() const { return parts_.back().kernel->units.size(); }

 private:
  Launch() = default;
  Status make_runs();
  Status set_arguments(const KernelArgs& args);

  struct Part {
    const KernelOnCard* kernel;
    std::vector<Argument> arguments;
    size_t runs = 0;
  };

  std::shared_ptr<Card> card_;
  std::vector<Part> parts_;
  RunGroup group_;
  std::vector<size_t> part_of_;  // of each run
  std::vector<std::vector<int>> offsets_;
  std::vector<::xrt::bo> parameters_;
};
using LaunchPtr = std::shared_ptr<Launch>;

inline Launch::Argument tensor(int index, size_t element_bytes = sizeof(float)) {
  return {index, nullptr, element_bytes};
}
// A tensor that the node may lack.
inline Launch::Argument optional(bool present, int index) {
  return present ? tensor(index) : Launch::Argument();
}

// A step's kernel that is one launch.
inline KernelPtr launch_kernel(LaunchPtr launch) {
  return make_kernel(
      [launch = std::move(launch)](const KernelArgs& args) -> Status { return launch->run(args); });
}

}  // namespace oarlock::xrt
