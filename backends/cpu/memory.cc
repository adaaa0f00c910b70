#include "backends/cpu/memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>

// With AddressSanitizer every buffer is an allocation of its own, so that it sees their ends.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#define OARLOCK_CPU_REGIONS 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#undef OARLOCK_CPU_REGIONS
#endif
#endif
#endif

#if OARLOCK_CPU_REGIONS
#include <sys/mman.h>
#endif

namespace oarlock::cpu {

namespace {

size_t round_up(size_t value, size_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

#if OARLOCK_CPU_REGIONS

namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kRegionBytes = size_t{64} << 20;

// Address space aligned to huge pages. Buffers are put one behind the other.
class Region {
 public:
  explicit Region(size_t bytes) : bytes_(bytes) {
    if (bytes > SIZE_MAX - kHugePage) return;
    void* memory = ::mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    mapped_ = static_cast<std::byte*>(memory);
    const auto address = reinterpret_cast<uintptr_t>(memory);
    begin_ = mapped_ + (round_up(address, kHugePage) - address);
    ::madvise(begin_, bytes, MADV_HUGEPAGE);
  }
  ~Region() {
    if (mapped_ != nullptr) ::munmap(mapped_, bytes_ + kHugePage);
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  bool mapped() const { return mapped_ != nullptr; }
  bool has_room(size_t bytes) const { return bytes_ - used_ >= bytes; }
  std::byte* take(size_t bytes) {
    ++buffers_;
    return begin_ + std::exchange(used_, used_ + bytes);
  }
  // Whether this was the last buffer.
  bool give_back(std::byte* at, size_t bytes) {
    const auto first = static_cast<size_t>(at - begin_);
    if (first + bytes == used_) used_ = first;
    const size_t from = round_up(first, kHugePage), to = (first + bytes) / kHugePage * kHugePage;
    if (from < to) ::madvise(begin_ + from, to - from, MADV_DONTNEED);
    return --buffers_ == 0;
  }

 private:
  size_t bytes_;
  std::byte* mapped_ = nullptr;
  std::byte* begin_ = nullptr;
  size_t used_ = 0;
  int64_t buffers_ = 0;
};

}  // namespace

class Memory::Pool {
 public:
  // `region` owns the buffer's memory until it is given back.
  std::byte* take(size_t bytes, std::shared_ptr<Region>& region) {
    const std::lock_guard lock(mutex_);
    if (!current_ || !current_->has_room(bytes)) {
      auto fresh = std::make_shared<Region>(std::max(bytes, kRegionBytes));
      if (!fresh->mapped()) return nullptr;
      if (bytes >= kRegionBytes) {
        region = std::move(fresh);
        return region->take(bytes);
      }
      current_ = std::move(fresh);
    }
    region = current_;
    return region->take(bytes);
  }
  void give_back(const std::shared_ptr<Region>& region, std::byte* at, size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (region->give_back(at, bytes) && region == current_) current_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Region> current_;
};

#else

namespace {

struct Region {};

}  // namespace

class Memory::Pool {
 public:
  std::byte* take(size_t bytes, std::shared_ptr<Region>&) {
    return static_cast<std::byte*>(std::aligned_alloc(kAlignment, bytes));
  }
  void give_back(const std::shared_ptr<Region>&, std::byte* at, size_t) { std::free(at); }
};

#endif

Memory::Memory() : pool_(std::make_shared<Pool>()) {}
Memory::~Memory() = default;

BufferPtr Memory::allocate(size_t bytes) {
  class PoolBuffer final : public Buffer {
   public:
    PoolBuffer(std::shared_ptr<Pool> pool, size_t bytes) : pool_(std::move(pool)) {
      const size_t rounded = round_up(std::max<size_t>(bytes, 1), kAlignment);
      if (rounded < bytes) return;
      host_ = pool_->take(rounded, region_);
      taken_ = rounded;
      size_ = bytes;
    }
    ~PoolBuffer() override {
      if (host_ != nullptr) pool_->give_back(region_, host_, taken_);
    }

   private:
    std::shared_ptr<Pool> pool_;
    std::shared_ptr<Region> region_;
    size_t taken_ = 0;
  };
  auto buffer = std::make_unique<PoolBuffer>(pool_, bytes);
  if (buffer->host() == nullptr) return nullptr;
  return buffer;
}

}  // namespace oarlock::cpu
