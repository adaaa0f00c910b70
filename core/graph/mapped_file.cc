#include "core/graph/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <mutex>

namespace oarlock {

namespace {

// All mapped files of the process, by their first byte.
struct Mappings {
  std::mutex mutex;
  std::map<const std::byte*, size_t> sizes;
};

Mappings& mappings() {
  static Mappings all;
  return all;
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return io_error("cannot open ", path, ": ", std::strerror(errno));
  struct Closer {
    int file;
    ~Closer() { ::close(file); }
  } closer{file};
  struct stat info {};
  if (::fstat(file, &info) != 0)
    return io_error("cannot examine ", path, ": ", std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return io_error(path, " is not a regular file");
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile({}));
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  if (memory == MAP_FAILED) return io_error("cannot map ", path, ": ", std::strerror(errno));
  std::shared_ptr<const MappedFile> mapped(
      new MappedFile({static_cast<const std::byte*>(memory), size}));
  const std::lock_guard lock(mappings().mutex);
  mappings().sizes[mapped->bytes_.data()] = size;
  return mapped;
}

MappedFile::~MappedFile() {
  if (bytes_.empty()) return;
  {
    const std::lock_guard lock(mappings().mutex);
    mappings().sizes.erase(bytes_.data());
  }
  ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::release_pages(std::span<const std::byte> memory) {
  const std::byte *begin = memory.data(), *end = begin + memory.size();
  {
    const std::lock_guard lock(mappings().mutex);
    auto mapping = mappings().sizes.upper_bound(begin);
    if (mapping == mappings().sizes.begin()) return;
    --mapping;
    if (end > mapping->first + mapping->second) return;
  }
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t from = (reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page;
  const uintptr_t to = reinterpret_cast<uintptr_t>(end) / page * page;
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace oarlock
