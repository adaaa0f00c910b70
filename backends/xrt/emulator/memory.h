#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace oarlock::xrt_emulator {

struct Bank {
  uint64_t begin = 0, size = 0;
};

// The device's memory: apart from the host's, of which it takes only what is used. Not thread-safe.
class Memory {
 public:
  // Throws std::runtime_error.
  explicit Memory(std::vector<Bank> banks);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  int descriptor() const { return descriptor_; }
  std::byte* at(uint64_t address) { return begin_ + address; }
  // An address in that bank, aligned to pages. Throws std::bad_alloc.
  uint64_t allocate(size_t bank, size_t size);
  // Gives back what allocate returned.
  void release(uint64_t address);

 private:
  std::vector<Bank> banks_;
  std::map<uint64_t, uint64_t> used_;  // address, size
  int descriptor_ = -1;
  std::byte* begin_ = nullptr;
  uint64_t size_ = 0;
};

}  // namespace oarlock::xrt_emulator
