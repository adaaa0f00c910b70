#include "oarlock/plugin/tuning.h"

#include <utility>

namespace oarlock {

Tuning::Tuning(CacheFolder folder, std::string identity)
    : folder_(std::move(folder)),
      identity_("tuning\n" + std::move(identity) + "\n"),
      existed_(folder_.exists()) {}

bool Tuning::empty() const {
  if (existed_) return false;
  const std::lock_guard lock(mutex_);
  return known_.empty();
}

std::optional<std::string> Tuning::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = known_.try_emplace(key);
  if (fresh && existed_)
    if (const auto bytes = folder_.load(identity_ + key))
      entry->second = std::string(bytes->begin(), bytes->end());
  return entry->second;
}

void Tuning::keep(const std::string& key, const std::string& choice) {
  const std::lock_guard lock(mutex_);
  known_[key] = choice;
  folder_.save(identity_ + key, {choice.begin(), choice.end()});
}

}  // namespace oarlock
