#pragma once
// A stream as the host's compiler has it: a bounded FIFO between two threads, one that writes and
// one that reads. Both wait for each other without limit, as on a card.

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

#include "kernels/fpga/tiles.h"

struct fpga_stream {
  void write(float value) {
    const std::size_t at = written.load(std::memory_order_relaxed);
    wait([&] { return at - taken.load(std::memory_order_acquire) < values.size(); });
    values[at % values.size()] = value;
    written.store(at + 1, std::memory_order_release);
  }
  float read() {
    const std::size_t at = taken.load(std::memory_order_relaxed);
    wait([&] { return at != written.load(std::memory_order_acquire); });
    const float value = values[at % values.size()];
    taken.store(at + 1, std::memory_order_release);
    return value;
  }

  // Looks again at once for a while, then now and then.
  template <class Ready>
  static void wait(Ready ready) {
    for (int tries = 0; !ready(); ++tries) {
      if (tries < 100)
        std::this_thread::yield();
      else
        std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
  }

  std::array<float, FPGA_STREAM_DEPTH> values{};
  std::atomic<std::size_t> written{0}, taken{0};
};
