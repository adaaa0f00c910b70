#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "oarlock/plugin/cache_folder.h"

namespace oarlock {

// Which of their candidates measuring found to be the fastest on a device, by kinds of nodes; see
// KernelDef::candidates. A device that can be tuned owns one; the engine measures, keeps and looks
// up. Thread-safe.
class Tuning {
 public:
  // `identity` names everything but a node that a measurement holds for: hardware, driver, the
  // build of the kernels, what a session asked for that changes candidates. Not the number of
  // threads: results must not depend on it.
  Tuning(CacheFolder folder, std::string identity);

  // Nothing can be known; spares making keys.
  bool empty() const;
  // What is known of nodes with this key; the same answer until keep() whatever other processes do.
  std::optional<std::string> find(const std::string& key);
  void keep(const std::string& key, const std::string& choice);

 private:
  const CacheFolder folder_;
  const std::string identity_;
  const bool existed_;
  mutable std::mutex mutex_;
  std::map<std::string, std::optional<std::string>> known_;
};

}  // namespace oarlock
