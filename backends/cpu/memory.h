#pragma once

#include <cstddef>
#include <memory>
#include <mutex>

#include "oarlock/plugin/device.h"

namespace oarlock::cpu {

// Memory of a CPU device, aligned to kAlignment. Buffers lie side by side in large regions, for
// which the system is asked for huge pages where it has them: a network's weights are read from end
// to end in every run, and with small pages each step to the next one costs a look-up of its
// address. Memory that was never written to takes no room. Thread-safe; buffers may outlive it.
class Memory {
 public:
  static constexpr size_t kAlignment = 64;

  Memory();
  ~Memory();
  // A buffer of `bytes`, with any contents; null when there is no memory.
  BufferPtr allocate(size_t bytes);

 private:
  class Pool;
  std::shared_ptr<Pool> pool_;
};

}  // namespace oarlock::cpu
