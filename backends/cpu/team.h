#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace oarlock::cpu {

// The threads of one run after another: the one that runs, and helpers that join when they can and
// leave when no run needs them. Work is cut into parts; every thread first takes parts of its own
// share, then of the others'. Progress never depends on a helper having joined.
//
// Who waits, a helper for work or the running thread for its end, polls for some microseconds, then
// lets other threads go first for some milliseconds, then sleeps: work comes in quick succession,
// and waking a sleeping thread costs more than a small kernel takes. Helpers leave soon after a
// run.
class Team {
 public:
  using PartFunction = void (*)(const void* body, int64_t part, int slot);

  static constexpr int64_t kMostParts = (1 << 16) - 1;

  explicit Team(int threads);

  // Calls function(body, part, slot) for each part in [0, parts) and returns when all are done.
  // For the running thread only, whose slot is 0. At most kMostParts.
  void run(int64_t parts, const void* body, PartFunction function);

  // A run begins; returns how many calls of help() it lacks, which the caller is to bring about.
  int begin_run();
  void end_run();

  // Takes part in the work until it is time to leave. For a helper that begin_run() asked for; the
  // team must outlive it.
  void help();

 private:
  // From low to high bits: 16 of the share's next part, 16 of its end, 32 of the work's number. Who
  // raises `next` below `end` has a part, and knows that the work's description has not changed.
  struct alignas(64) Share {
    std::atomic<uint64_t> state{0};
  };

  // The number of the next work, or nothing: the helper is to leave.
  std::optional<uint32_t> wait_for_work(uint32_t seen, int slot);
  void take_parts(uint32_t work, int slot);
  void next_work();

  const int threads_;
  std::unique_ptr<Share[]> shares_;

  std::mutex mutex_;
  bool running_ = false;
  int helpers_ = 0;               // asked for and not left
  std::vector<bool> slot_taken_;  // slot 0 is the running thread's

  // The work at hand; stable while one of its parts is not taken.
  std::atomic<const void*> body_{nullptr};
  std::atomic<PartFunction> function_{nullptr};

  alignas(64) std::atomic<uint32_t> work_{0};  // counts works, ends of runs too
  std::atomic<int> sleeping_{0};
  alignas(64) std::atomic<uint32_t> done_{0};  // parts of the work at hand
  std::atomic<bool> runner_sleeps_{false};
};

}  // namespace oarlock::cpu
