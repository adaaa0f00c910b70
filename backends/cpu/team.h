#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace oarlock::cpu {

// The threads of one run: the one that runs, and helpers that join and leave when they can. Work is
// cut into parts; every thread first takes parts of its own share, then of the others'. Progress
// never depends on a helper having joined.
//
// Helpers wait for work by polling for some microseconds, then sleep until there is some: work
// comes in quick succession within a run, and waking a sleeping thread costs more than a small
// kernel takes.
class Team {
 public:
  using PartFunction = void (*)(const void* body, int64_t part, int slot);

  static constexpr int64_t kMostParts = (1 << 16) - 1;

  explicit Team(int threads);

  // Calls function(body, part, slot) for each part in [0, parts) and returns when all are done.
  // For the running thread only, whose slot is 0. At most kMostParts.
  void run(int64_t parts, const void* body, PartFunction function);

  // Takes part in the work until dismiss(). For helpers; more than threads - 1 leave at once.
  void help();
  // Lets helpers leave.
  void dismiss();
  // Ready for another run; after all helpers have left.
  void reset();

 private:
  // From low to high bits: 16 of the share's next part, 16 of its end, 32 of the work's number. Who
  // raises `next` below `end` has a part, and knows that the work's description has not changed.
  struct alignas(64) Share {
    std::atomic<uint64_t> state{0};
  };

  uint32_t wait_for_work(uint32_t seen);
  void take_parts(uint32_t work, int slot);

  const int threads_;
  std::unique_ptr<Share[]> shares_;
  std::atomic<int> joined_{1};
  // The work at hand; stable while one of its parts is not taken.
  std::atomic<const void*> body_{nullptr};
  std::atomic<PartFunction> function_{nullptr};

  alignas(64) std::atomic<uint32_t> work_{0};  // counts works; kDismissed: no more
  std::atomic<int> sleeping_{0};
  alignas(64) std::atomic<uint32_t> done_{0};  // parts of the work at hand
  std::atomic<bool> runner_sleeps_{false};
};

}  // namespace oarlock::cpu
