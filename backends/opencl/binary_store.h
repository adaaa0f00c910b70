#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oarlock::opencl {

// 16 hexadecimal digits that stand for these bytes.
std::string digest(std::string_view bytes);

// Program binaries in a folder that may be deleted at any time, one file each. A file carries its
// whole key and a checksum: what is corrupt, cut off or made for another key is as good as absent.
// Files appear complete, by renaming, so that processes may share a folder. Thread-safe.
class BinaryStore {
 public:
  // The setting opencl.cache: a folder, or "off". Without it $OARLOCK_OPENCL_CACHE, the same, then
  // $XDG_CACHE_HOME/oarlock/opencl, else ~/.cache/oarlock/opencl.
  static BinaryStore from(const std::map<std::string, std::string>& settings);
  explicit BinaryStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool enabled() const { return !folder_.empty(); }
  // Whether save() can do anything; makes the folder.
  bool is_writable() const;
  std::optional<std::vector<unsigned char>> load(std::string_view key) const;
  // Whether it was written; failing to is no error.
  bool save(std::string_view key, const std::vector<unsigned char>& binary) const;
  std::filesystem::path file_for(std::string_view key) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace oarlock::opencl
