#include "backends/cpu/team.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace oarlock::cpu {

namespace {

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

using Clock = std::chrono::steady_clock;

// Polling costs others nothing worth mentioning for so long; then whoever waits offers the
// processor to other threads, and in the end sleeps. A sleep is dear beyond the price of waking: on
// a shared host the idle processor goes to another guest, for milliseconds.
constexpr auto kLongestPoll = std::chrono::microseconds(10);
constexpr auto kLongestYield = std::chrono::milliseconds(2);
// After a run, which another one may follow.
constexpr auto kLongestStay = std::chrono::microseconds(50);

// Calls step() over and over until ready() or for as long as told. Returns whether ready.
template <class Ready, class Step>
bool ready_within(Clock::duration longest, const Ready& ready, const Step& step) {
  const Clock::time_point end = Clock::now() + longest;
  do {
    if (ready()) return true;
    step();
  } while (Clock::now() < end);
  return false;
}

template <class Ready>
bool poll(const Ready& ready) {
  return ready_within(kLongestPoll, ready, [&] {
    for (int i = 0; i < 64 && !ready(); ++i) pause();
  });
}

template <class Ready>
bool yield_until(const Ready& ready, Clock::duration longest = kLongestYield) {
  return ready_within(longest, ready, [] { std::this_thread::yield(); });
}

uint64_t share_state(uint32_t work, int64_t next, int64_t end) {
  return uint64_t{work} << 32 | static_cast<uint64_t>(end) << 16 | static_cast<uint64_t>(next);
}

}  // namespace

Team::Team(int threads)
    : threads_(threads), shares_(new Share[threads]), slot_taken_(threads, false) {
  slot_taken_[0] = true;
}

void Team::run(int64_t parts, const void* body, PartFunction function) {
  const uint32_t work = work_.load(std::memory_order_relaxed) + 1;
  body_.store(body, std::memory_order_relaxed);
  function_.store(function, std::memory_order_relaxed);
  done_.store(0, std::memory_order_relaxed);
  for (int share = 0; share < threads_; ++share) {
    const int64_t begin = parts * share / threads_, end = parts * (share + 1) / threads_;
    shares_[share].state.store(share_state(work, begin, end), std::memory_order_release);
  }
  next_work();
  take_parts(work, 0);
  const auto all_done = [&] {
    return done_.load(std::memory_order_acquire) == static_cast<uint32_t>(parts);
  };
  if (poll(all_done) || yield_until(all_done)) return;
  runner_sleeps_.store(true);
  for (uint32_t done; (done = done_.load()) != static_cast<uint32_t>(parts);) done_.wait(done);
  runner_sleeps_.store(false);
}

void Team::take_parts(uint32_t work, int slot) {
  for (int i = 0; i < threads_; ++i) {
    const int share = slot + i < threads_ ? slot + i : slot + i - threads_;
    std::atomic<uint64_t>& state = shares_[share].state;
    uint64_t seen = state.load(std::memory_order_acquire);
    while (static_cast<uint32_t>(seen >> 32) == work) {
      const auto part = static_cast<int64_t>(seen & 0xffff),
                 end = static_cast<int64_t>(seen >> 16 & 0xffff);
      if (part >= end) break;
      const void* body = body_.load(std::memory_order_relaxed);
      const PartFunction function = function_.load(std::memory_order_relaxed);
      if (!state.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) continue;
      function(body, part, slot);
      done_.fetch_add(1);
      if (runner_sleeps_.load()) done_.notify_one();
      seen = state.load(std::memory_order_acquire);
    }
  }
}

void Team::next_work() {
  work_.fetch_add(1);
  if (sleeping_.load() > 0) work_.notify_all();
}

int Team::begin_run() {
  const std::lock_guard lock(mutex_);
  running_ = true;
  return threads_ - 1 - std::exchange(helpers_, threads_ - 1);
}

void Team::end_run() {
  const std::lock_guard lock(mutex_);
  running_ = false;
  next_work();
}

std::optional<uint32_t> Team::wait_for_work(uint32_t seen, int slot) {
  const auto arrived = [&] { return work_.load(std::memory_order_acquire) != seen; };
  if (!poll(arrived) && !yield_until(arrived, kLongestStay)) {
    {
      const std::lock_guard lock(mutex_);
      if (!running_) {
        slot_taken_[slot] = false;
        --helpers_;
        return std::nullopt;
      }
    }
    if (!yield_until(arrived)) {
      ++sleeping_;
      work_.wait(seen);
      --sleeping_;
    }
  }
  return work_.load(std::memory_order_acquire);
}

void Team::help() {
  int slot = 0;
  {
    const std::lock_guard lock(mutex_);
    slot = static_cast<int>(std::find(slot_taken_.begin(), slot_taken_.end(), false) -
                            slot_taken_.begin());
    slot_taken_[slot] = true;
  }
  std::optional<uint32_t> work = work_.load(std::memory_order_acquire);
  while (work) {
    take_parts(*work, slot);
    work = wait_for_work(*work, slot);
  }
}

}  // namespace oarlock::cpu
