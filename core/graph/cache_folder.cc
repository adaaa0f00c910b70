#include "oarlock/plugin/cache_folder.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

namespace oarlock {

namespace {

namespace fs = std::filesystem;

constexpr char kMagic[8] = {'o', 'a', 'r', 'c', 'c', 'h', '0', '1'};
constexpr uint64_t kMostBytes = uint64_t{1} << 30;

// FNV-1a.
uint64_t hash(std::string_view bytes) {
  uint64_t h = 0xcbf29ce484222325u;
  for (const char c : bytes) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

struct Header {
  char magic[8];
  uint64_t key_bytes, value_bytes, checksum;
};

std::string_view view(const std::vector<unsigned char>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

fs::path folder_named(const std::string& name) {
  return name == "off" ? fs::path() : fs::path(name);
}

// OARLOCK_CPU_CACHE for "cpu".
std::string variable_for(const std::string& name) {
  std::string variable = "OARLOCK_";
  for (const char c : name) variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return variable + "_CACHE";
}

fs::path default_folder(const std::string& name) {
  const char* given = std::getenv(variable_for(name).c_str());
  if (given != nullptr && *given != '\0') return folder_named(given);
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return fs::path(cache) / "oarlock" / name;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return fs::path(home) / ".cache" / "oarlock" / name;
  return {};
}

}  // namespace

CacheFolder CacheFolder::from(const std::map<std::string, std::string>& settings,
                              const std::string& name) {
  const auto setting = settings.find(name + ".cache");
  if (setting == settings.end()) return CacheFolder(default_folder(name));
  return CacheFolder(folder_named(setting->second));
}

bool CacheFolder::exists() const {
  std::error_code error;
  return enabled() && fs::is_directory(folder_, error);
}

bool CacheFolder::is_writable() const {
  if (!enabled()) return false;
  std::error_code error;
  fs::create_directories(folder_, error);
  return access(folder_.c_str(), W_OK | X_OK) == 0;
}

std::string digest(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (uint64_t h = hash(bytes), i = 0; i < 16; ++i, h >>= 4) digits += kDigits[h & 15];
  return digits;
}

fs::path CacheFolder::file_for(std::string_view key) const {
  return folder_ / (digest(key) + ".entry");
}

std::optional<std::vector<unsigned char>> CacheFolder::load(std::string_view key) const {
  if (!enabled()) return std::nullopt;
  std::ifstream file(file_for(key), std::ios::binary);
  Header header;
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return std::nullopt;
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.key_bytes != key.size() ||
      header.value_bytes > kMostBytes)
    return std::nullopt;
  std::error_code error;
  const uint64_t size = fs::file_size(file_for(key), error);
  if (error || size != sizeof header + header.key_bytes + header.value_bytes) return std::nullopt;
  std::string stored(key.size(), '\0');
  std::vector<unsigned char> value(header.value_bytes);
  if (!file.read(stored.data(), static_cast<std::streamsize>(stored.size())) ||
      !file.read(reinterpret_cast<char*>(value.data()), static_cast<std::streamsize>(value.size())))
    return std::nullopt;
  if (stored != key || hash(view(value)) != header.checksum) return std::nullopt;
  return value;
}

bool CacheFolder::save(std::string_view key, const std::vector<unsigned char>& value) const {
  if (value.empty() || value.size() > kMostBytes || !is_writable()) return false;
  std::error_code error;
  static std::atomic<unsigned> count = 0;
  const fs::path wanted = file_for(key);
  const fs::path temporary =
      wanted.string() + "." + std::to_string(getpid()) + "." + std::to_string(count.fetch_add(1));
  Header header{{}, key.size(), value.size(), hash(view(value))};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  {
    std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(&header), sizeof header);
    file.write(key.data(), static_cast<std::streamsize>(key.size()));
    file.write(reinterpret_cast<const char*>(value.data()),
               static_cast<std::streamsize>(value.size()));
    file.close();
    if (!file) {
      fs::remove(temporary, error);
      return false;
    }
  }
  fs::rename(temporary, wanted, error);
  if (!error) return true;
  fs::remove(temporary, error);
  return false;
}

}  // namespace oarlock
