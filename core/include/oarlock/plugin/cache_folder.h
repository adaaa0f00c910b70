#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oarlock {

// 16 hexadecimal digits that stand for these bytes.
std::string digest(std::string_view bytes);

// Entries in a folder that may be deleted at any time, one file each. A file carries its whole key
// and a checksum: what is corrupt, cut off or made for another key is as good as absent. Files
// appear complete, by renaming, so that processes may share a folder. Thread-safe.
class CacheFolder {
 public:
  // The setting "<name>.cache": a folder, or "off". Without it $OARLOCK_<NAME>_CACHE, the same,
  // then $XDG_CACHE_HOME/oarlock/<name>, else ~/.cache/oarlock/<name>.
  static CacheFolder from(const std::map<std::string, std::string>& settings,
                          const std::string& name);
  explicit CacheFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  bool enabled() const { return !folder_.empty(); }
  // The folder is there; looking for entries is worth the while.
  bool exists() const;
  // Whether save() can do anything; makes the folder.
  bool is_writable() const;
  std::optional<std::vector<unsigned char>> load(std::string_view key) const;
  // Whether it was written; failing to is no error.
  bool save(std::string_view key, const std::vector<unsigned char>& value) const;
  std::filesystem::path file_for(std::string_view key) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace oarlock
