#include "core/graph/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace oarlock {
namespace {

constexpr size_t kChunk = size_t{1} << 20;

bool all_zero(std::span<const std::byte> data) {
  return data.empty() || (data[0] == std::byte{0} &&
                          std::memcmp(data.data(), data.data() + 1, data.size() - 1) == 0);
}

}  // namespace

Result<AtomicFile> AtomicFile::create(const std::string& path) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::string temporary = concat(path, ".part", ::getpid(), "-", counter++);
    const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) return AtomicFile(path, std::move(temporary), file);
    if (errno != EEXIST)
      return io_error("cannot create ", temporary, ": ", std::strerror(errno),
                      "; choose a folder that exists and may be written");
  }
  return io_error("cannot create a temporary file beside ", path, "; remove old .part files");
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

Status AtomicFile::failure(const char* what) const {
  const int error = errno;
  return io_error(
      "cannot ", what, " ", path_, ": ", std::strerror(error),
      error == ENOSPC || error == EDQUOT ? "; free some space or choose another disk" : "");
}

Status AtomicFile::write_here(std::span<const std::byte> data) {
  uint64_t at = size_;
  while (!data.empty()) {
    const ssize_t n = ::pwrite(file_, data.data(), data.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failure("write");
    at += static_cast<uint64_t>(n);
    data = data.subspan(static_cast<size_t>(n));
  }
  return {};
}

Status AtomicFile::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    const auto chunk = data.first(std::min(kChunk, data.size()));
    if (chunk.size() < kChunk || !all_zero(chunk)) OARLOCK_TRY(write_here(chunk));
    size_ += chunk.size();
    data = data.subspan(chunk.size());
  }
  return {};
}

Status AtomicFile::pad_to(uint64_t size) {
  size_ = std::max(size_, size);
  return {};
}

Status AtomicFile::commit() {
  if (::ftruncate(file_, static_cast<off_t>(size_)) != 0) return failure("write");
  if (::fsync(file_) != 0) return failure("write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failure("rename a file to");
  ::close(std::exchange(file_, -1));
  const size_t slash = path_.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle >= 0) {  // makes the rename durable where folders can be flushed
    ::fsync(handle);
    ::close(handle);
  }
  return {};
}

}  // namespace oarlock
