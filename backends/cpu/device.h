#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/cpu/memory.h"
#include "oarlock/plugin/device.h"
#include "oarlock/plugin/tuning.h"

namespace oarlock::cpu {

// The host's processor. A run's own thread is helped by threads of one oneTBB arena; memory is
// ordinary memory. Thread-safe; concurrent runs share the helpers.
class CpuDevice final : public Device {
 public:
  // threads 0: what affinity and the control group allow. Setting "exact": see exact();
  // "cpu.cache": the folder of what was measured, or "off". Unavailable where the processor lacks
  // the instruction set that the kernels need at least.
  static Result<DevicePtr> open(const DeviceOptions& options);
  ~CpuDevice() override;

  const DeviceInfo& info() const override { return info_; }
  Result<BufferPtr> allocate(const MemoryRequest& request) override;
  Result<BufferPtr> wrap(std::span<std::byte> memory) override;
  Status write(const TensorRef& to, std::span<const std::byte> from) override;
  Status read(const TensorRef& from, std::span<std::byte> to) override;
  // With denormal numbers flushed to zero on this thread, and helpers from the arena that come as
  // other runs leave them.
  Status enter(const std::function<Status()>& body) override;
  Tuning* tuning() override { return &tuning_; }

  std::string packing() const override;

  int threads() const { return threads_; }
  // Setting `exact`: sums of products as the model has them, no minimal filtering, no spectra.
  bool exact() const { return exact_; }

  // Calls body(begin, end, slot) for parts of [0, units), some of them at the same time, and
  // returns when all are done. A part has at least `grain` units (the last may have fewer). Calls
  // running at the same time have different slots in [0, threads()): indices for per-thread
  // workspace. The parts depend on the number of threads; results must not.
  // Denormal numbers are flushed to zero in every part. The body must not throw.
  template <class Body>
  void parallel(int64_t units, int64_t grain, const Body& body) const {
    run_parts(units, grain, &body, [](const void* b, int64_t begin, int64_t end, int slot) {
      (*static_cast<const Body*>(b))(begin, end, slot);
    });
  }

 private:
  using PartFunction = void (*)(const void* body, int64_t begin, int64_t end, int slot);
  struct Arena;
  class Crew;
  class Borrowed;

  CpuDevice(int threads, bool exact, CacheFolder cache);
  void run_parts(int64_t units, int64_t grain, const void* body, PartFunction function) const;

  DeviceInfo info_;
  int threads_;
  bool exact_;
  Memory memory_;
  Tuning tuning_;
  std::unique_ptr<Arena> arena_;
  mutable std::mutex mutex_;
  size_t crews_ = 0;  // idle or not
  std::vector<std::unique_ptr<Crew>> idle_crews_;
};

// The device that a kernel of this backend was matched or created for.
inline const CpuDevice& cpu_device(const Device& device) {
  return static_cast<const CpuDevice&>(device);
}

}  // namespace oarlock::cpu
