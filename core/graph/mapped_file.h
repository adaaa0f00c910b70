#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "oarlock/status.h"

namespace oarlock {

// A whole file in read-only memory, its pages read when touched. The file may be renamed or
// deleted meanwhile; shrinking it while mapped is the caller's mistake.
class MappedFile {
 public:
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

  // Whole pages of `memory` leave this process's memory, to be read again when touched, if they
  // are part of any mapped file; other memory is left alone. The file must stay mapped meanwhile.
  static void release_pages(std::span<const std::byte> memory);

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace oarlock
