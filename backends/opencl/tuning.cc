#include "backends/opencl/tuning.h"

#include <utility>
#include <vector>

#include "backends/opencl/program.h"

namespace oarlock::opencl {

namespace {

constexpr int64_t kMost = 64;

std::optional<Tuning::Form> form_of(const std::vector<unsigned char>& bytes) {
  if (bytes.size() != 2 || bytes[0] > kMost || bytes[1] > kMost) return std::nullopt;
  if ((bytes[0] == 0) != (bytes[1] == 0)) return std::nullopt;
  return Tuning::Form{bytes[0], bytes[1]};
}

}  // namespace

Tuning::Tuning(ClDevice& device, const FoundDevice& found, BinaryStore store, double seconds)
    : device_(device),
      store_(std::move(store)),
      prefix_(concat("tile\n", found.identity(), "\n")),
      deadline_(Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(seconds))) {
  std::string sources;
  for (const EmbeddedSource& source : embedded_sources()) sources += source.text;
  prefix_ += digest(sources) + "\n";
}

std::optional<Tuning::Form> Tuning::find(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto [entry, fresh] = known_.try_emplace(key);
  if (fresh)
    if (const auto bytes = store_.load(prefix_ + key)) entry->second = form_of(*bytes);
  return entry->second;
}

void Tuning::keep(const std::string& key, Form form) {
  const std::lock_guard lock(mutex_);
  known_[key] = form;
  store_.save(prefix_ + key,
              {static_cast<unsigned char>(form.rows), static_cast<unsigned char>(form.vectors)});
}

}  // namespace oarlock::opencl
