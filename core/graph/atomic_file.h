#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "oarlock/status.h"

namespace oarlock {

// A file that appears under its name only when complete: written beside it under a temporary
// name, flushed to the disk, then renamed. Without commit() the temporary file is removed.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  // Appends. Long runs of zeros become holes where the file system has them.
  Status write(std::span<const std::byte> data);
  Status pad_to(uint64_t size);  // with zeros
  uint64_t size() const { return size_; }
  Status commit();

 private:
  AtomicFile(std::string path, std::string temporary, int file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
  Status write_here(std::span<const std::byte> data);
  Status failure(const char* what) const;

  std::string path_, temporary_;
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace oarlock
