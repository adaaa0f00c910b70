#include "backends/xrt/emulator/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

namespace oarlock::xrt_emulator {

namespace {
constexpr uint64_t kPage = 4096;
}

Memory::Memory(std::vector<Bank> banks) : banks_(std::move(banks)) {
  for (const Bank& bank : banks_) size_ = std::max(size_, bank.begin + bank.size);
  descriptor_ = memfd_create("oarlock-xrt", MFD_CLOEXEC);
  if (descriptor_ < 0 || ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
    close(descriptor_);
    throw std::runtime_error("emulated device: no memory for its banks");
  }
  void* const mapped =
      mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (mapped == MAP_FAILED) {
    close(descriptor_);
    throw std::runtime_error("emulated device: its banks cannot be mapped");
  }
  begin_ = static_cast<std::byte*>(mapped);
}

Memory::~Memory() {
  munmap(begin_, size_);
  close(descriptor_);
}

uint64_t Memory::allocate(size_t bank, size_t size) {
  if (bank >= banks_.size()) throw std::runtime_error("emulated device: there is no such bank");
  const Bank& b = banks_[bank];
  if (size > b.size) throw std::bad_alloc();
  const uint64_t wanted = std::max<uint64_t>((size + kPage - 1) / kPage, 1) * kPage;
  // The first page of the device stays free: no buffer has address 0.
  uint64_t at = std::max(b.begin, kPage);
  for (const auto& [begin, length] : used_) {
    if (begin + length <= at) continue;
    if (begin >= b.begin + b.size || begin - at >= wanted) break;
    at = begin + length;
  }
  if (at + wanted > b.begin + b.size) throw std::bad_alloc();
  used_[at] = wanted;
  return at;
}

void Memory::release(uint64_t address) {
  const auto found = used_.find(address);
  if (found == used_.end()) return;
  fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
            static_cast<off_t>(found->first), static_cast<off_t>(found->second));
  used_.erase(found);
}

}  // namespace oarlock::xrt_emulator
