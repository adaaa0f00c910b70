#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oarlock::opencl {

// Program binaries in a folder that may be deleted at any time, one file each. A file carries its
// whole key and a checksum: what is corrupt, cut off or made for another key is as good as absent.
// Files appear complete, by renaming, so that processes may share a folder. Thread-safe.
class BinaryStore {
 public:
  // The setting opencl.cache: a folder, or "off". Without it
  // $XDG_CACHE_HOME/oarlock/opencl, else ~/.cache/oarlock/opencl.
  static BinaryStore from(const std::map<std::string, std::string>& settings);
  explicit BinaryStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool enabled() const { return !folder_.empty(); }
  // A folder was asked for: drivers with a cache of their own use it too.
  bool explicitly() const { return explicitly_; }
  std::optional<std::vector<unsigned char>> load(std::string_view key) const;
  // Whether it was written; failing to is no error.
  bool save(std::string_view key, const std::vector<unsigned char>& binary) const;
  std::filesystem::path file_for(std::string_view key) const;

 private:
  std::filesystem::path folder_;
  bool explicitly_ = false;
};

}  // namespace oarlock::opencl
